"""Where what was built for this user is kept between runs."""

import os
from pathlib import Path


def cache_directory() -> Path:
    """The directory, made when first written to (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "c10k"
