"""What people read in rows and columns: a publication's tables, and those of the run's details."""
