"""The servers that are measured, their catalogue, and the process that each runs in."""
