"""This machine: what it is, what its limits are, and what else runs on it."""
