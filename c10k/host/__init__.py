"""This machine: what it is, what it allows, and what else goes on."""
