"""One file a command: its arguments (`configure`) and what it does (`execute`)."""
