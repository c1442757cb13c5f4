"""What was found, in formats that other programs read."""
