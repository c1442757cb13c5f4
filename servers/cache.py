"""The directory that keeps built servers and logs of this user."""

import os
from pathlib import Path


def cache_directory() -> Path:
    """Return its path (XDG Base Directory Specification). Whoever writes there first makes it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "c10k"
