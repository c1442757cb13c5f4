"""How often `c10k ab` is wrong, and how often it finds what is there (docs/regression.md)."""
