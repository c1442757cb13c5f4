"""Applications for HTTP servers, in a folder of their own: a server puts it first on its path."""
