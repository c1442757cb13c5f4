"""The native part of the loader, in Cython: the fleet of connections and the hiccup meter."""
