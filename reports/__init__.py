"""What people read: the chapter's tables beside the measurement, pictures, and the page."""
