"""What the chapter claims, and each of its tables and claims beside what was measured."""
