"""An experiment: what is planned, how it is run, and what of it is recorded."""
