"""Loaders in processes of their own, here or on other hosts: Locust's master and its workers."""
