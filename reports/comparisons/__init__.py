"""What follows from the figures: servers against each other, published figures against ours."""
