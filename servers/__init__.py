"""The servers that are measured, their catalogue, and the process that runs each of them."""
