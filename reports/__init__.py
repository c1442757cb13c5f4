"""What people read: published tables beside the measurement, pictures, and the page."""
