"""The commands of the pages: which there are, and how each is executed here."""
