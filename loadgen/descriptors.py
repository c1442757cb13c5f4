"""The limit of open files, which each connection takes one of."""

import resource
from contextlib import suppress
from typing import Final

# macOS has no hard limit and refuses a soft one above this (its setrlimit(2)).
OPEN_MAX: Final = 10_240


def raise_soft_descriptor_limit() -> int:
    """Raise the soft limit to the hard one, or as far as the system allows; return it.

    Child processes inherit it. So a command raises it for its fleet and for the servers that it
    starts, and a shard's process raises it for programs that use the fleet as a library.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (hard, OPEN_MAX):
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            return limit
    return soft
