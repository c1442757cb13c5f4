"""Runs any load generator against servers whose behaviour is known, and judges what it reports."""
