"""Servers on another host: an agent starts and observes them there, over ssh."""
