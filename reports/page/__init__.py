"""The page of a run: one HTML file that holds everything and asks for nothing from outside."""
