"""What people read in rows and columns: the chapter's tables, and those of the run's details."""
