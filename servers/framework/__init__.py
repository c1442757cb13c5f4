"""What the Python servers have in common beside their model; the standard library alone."""
