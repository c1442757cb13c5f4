"""A run as a report asks for it: its servers, its workloads, and one figure at a time."""
