"""Which engine drives the connections: the native one where it is built, else the portable one."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from c10k.loadgen.shard import Shard, ShardSettings

ENGINES: Final = ("native", "portable")

REMEDY: Final = (
    "on Linux, install a C compiler and Python's headers (Debian or Ubuntu: sudo apt install "
    "build-essential python3-dev), then c10k anew with pip's --force-reinstall --no-cache-dir"
)


def engine_of(name: str) -> str:
    """The engine of this name; of `auto`, the native one where it is built.

    Raises ValueError for another name, OSError for an engine that is not there.
    """
    if name not in ("auto", *ENGINES):
        raise ValueError(f"no engine {name!r}; there are auto, {', '.join(ENGINES)}")
    absent = _native_is_absent()
    if name == "native" and absent:
        raise OSError(f"the native engine is not built here ({absent}): {REMEDY}")
    return ("portable" if absent else "native") if name == "auto" else name


def shard_class(engine: str) -> "Callable[[ShardSettings], Shard]":
    """The class of the shards of an engine that is there."""
    if engine == "native":
        from c10k.loadgen.native.engine import Shard as NativeShard

        return NativeShard
    from c10k.loadgen.portable.engine import Shard as PortableShard

    return PortableShard


def loss() -> str | None:
    """One line on what the absence of the native engine costs; None where it is built."""
    if not (absent := _native_is_absent()):
        return None
    return (
        f"the native engine is not built here ({absent}): a portable one drives the load, takes "
        f"about twice the CPU per message, and misses hiccups shorter than 10 ms; {REMEDY}"
    )


def _native_is_absent() -> str:
    """Why the native engine cannot be imported; empty if it can."""
    try:
        import c10k.loadgen.native.engine
        import c10k.loadgen.native.hiccups  # noqa: F401 (whether it can be imported)
    except ImportError as error:
        return str(error)
    return ""
