"""`c10k ui`: Locust's web UI over our fleet, with what its server uses and what is stored of it.

Two processes: `c10k ui` itself starts the servers, observes them, and stores what is measured
(command, session). Locust, with `extension` loaded, drives the load and serves the pages. They talk
over a socket (channel, messages).
"""
