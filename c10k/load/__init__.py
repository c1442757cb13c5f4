"""The loader alone: driving any server, and telling what it did."""
