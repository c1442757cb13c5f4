"""How long a server is waited for while connections are opened to it."""

from typing import Final

OPEN_STILL_S: Final = 10.0
"""So long without one connection more being served: what is served by then is the figure."""
