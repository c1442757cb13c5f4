"""Stored runs over time: their figures as series, the changes of these, and the page."""
