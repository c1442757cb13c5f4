"""The hiccup meter of this machine: the native one where it is built, else the portable one."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from c10k.loadgen.native.hiccups import HiccupMeter
else:
    try:
        from c10k.loadgen.native.hiccups import HiccupMeter
    except ImportError:
        from c10k.loadgen.portable.hiccups import HiccupMeter

__all__ = ["HiccupMeter"]
