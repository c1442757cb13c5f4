"""Locust's users: one that is a connection of the fleet, and one of gevent's to copy."""
