"""The facts of a machine. Like limits.py, it also runs on a server's host, where only Python is."""

import hashlib
import os
import platform
import re
import subprocess
import time
from pathlib import Path
from typing import Any, Final

from c10k.loadgen.telemetry.host import HostCounters
from c10k.loadgen.telemetry.proc import read, sizes

SYSTEM: Final = Path("/sys/devices/system")
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
BUSY_S: Final = 0.3


def facts() -> dict[str, Any]:
    """What identifies the machine. The host's name is hashed, because people share runs."""
    return {
        "hostname_hash": hashlib.sha256(platform.node().encode()).hexdigest()[:12],
        "cpu_model": _cpu_model(),
        "cpus": os.cpu_count(),
        "memory_bytes": sizes(read("/proc/meminfo"))["MemTotal"],
        "kernel": platform.release(),
        "os": _os_name(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "clocksource": _text(SYSTEM / "clocksource/clocksource0/current_clocksource"),
        "virtualization": _virtualization(),
        "governor": _text(SYSTEM / "cpu/cpu0/cpufreq/scaling_governor"),
    }


def boot_id() -> str:
    """What the kernel drew when it booted: the same in every container and namespace of it."""
    return _text(BOOT_ID)


def busy_cpus() -> float:
    """How many CPUs all programs keep busy, as seen for a moment."""
    before, began_s = HostCounters.read().busy_s, time.monotonic()
    time.sleep(BUSY_S)
    return (HostCounters.read().busy_s - before) / (time.monotonic() - began_s)


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _cpu_model() -> str:
    found = re.search(r"^model name\s*:\s*(.+)", _text(Path("/proc/cpuinfo")), re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def _os_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _virtualization() -> str:
    """The name that systemd gives it (kvm, docker, none, …), else the CPU's hypervisor flag."""
    try:
        shown = subprocess.run(["systemd-detect-virt"], capture_output=True, text=True, timeout=5)
        return shown.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "virtual" if " hypervisor" in _text(Path("/proc/cpuinfo")) else ""
