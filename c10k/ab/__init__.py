"""`c10k ab`: two servers side by side, until it is known whether one is worse."""
