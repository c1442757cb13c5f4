"""What a run measured: its schema, its files, and the arithmetic on them."""
