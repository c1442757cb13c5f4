"""`c10k load`: drives any server and presents the figures."""
