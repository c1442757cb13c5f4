"""What drives the servers, and what observes them while it does."""
