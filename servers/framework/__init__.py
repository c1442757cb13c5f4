"""What the servers share besides their concurrency models; the standard library alone."""
