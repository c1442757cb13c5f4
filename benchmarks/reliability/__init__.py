"""Campaigns by hand: more faults than a test suite has time for (docs/reliability.md)."""
