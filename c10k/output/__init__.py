"""What a command writes: columns of text, standard output, and files."""
