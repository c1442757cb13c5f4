"""The machine: what identifies it, which versions it runs, and its environment warnings."""

import hashlib
import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import psutil

from c10k import VERSION
from c10k.host.cpus import CpuSplit
from c10k.host.hiccups import Hiccups
from c10k.results.manifest import FINGERPRINT

HERE: Final = Path(__file__).parent
PACKAGES: Final = ("numpy", "pandas", "pyarrow", "psutil", "matplotlib")
SYSTEM: Final = Path("/sys/devices/system")
GOVERNOR: Final = SYSTEM / "cpu/cpu0/cpufreq/scaling_governor"


def describe() -> dict[str, Any]:
    """What identifies the machine: `host` in run.json.

    The host's name is hashed, because people share runs. Machines with the same fingerprint may be
    compared.
    """
    facts: dict[str, Any] = {
        "hostname_hash": hashlib.sha256(platform.node().encode()).hexdigest()[:12],
        "cpu_model": _cpu_model(),
        "cpus": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "kernel": platform.release(),
        "os": _os_name(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "clocksource": _text(SYSTEM / "clocksource/clocksource0/current_clocksource"),
        "virtualization": _virtualization(),
        "governor": _text(GOVERNOR),
    }
    same = (facts[key] for key in FINGERPRINT)
    facts["fingerprint"] = hashlib.sha256(repr(tuple(same)).encode()).hexdigest()[:12]
    return facts


def versions() -> dict[str, str]:
    """The versions of Python, c10k and the libraries that compute figures."""
    found = {"python": platform.python_version(), "c10k": VERSION}
    return found | {package: importlib.metadata.version(package) for package in PACKAGES}


def commit(directory: Path = HERE) -> str:
    """The commit of a checkout, by default this program's, with `+` if it has changes; "" outside
    of one.
    """
    try:
        shown = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
            cwd=directory, capture_output=True, text=True, timeout=5, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return shown.stdout.strip()


def warnings(cpus: CpuSplit) -> list[dict[str, str]]:
    """The environment warnings, each with its code, message and remedy."""
    governor = _text(GOVERNOR)
    with Hiccups(cpus) as hiccups:
        realtime = hiccups.realtime
    busy = psutil.cpu_percent(interval=0.3) / 100 * (os.cpu_count() or 1)
    found = (
        (
            cpus.shared,
            "shared_cpu",
            "the loader and the servers share their only CPU",
            "give the process two CPUs or more: figures of CPU and latency are of both",
        ),
        (
            governor not in ("", "performance"),
            "governor",
            f"the CPU frequency governor is {governor}",
            "set it with `sudo cpupower frequency-set -g performance`",
        ),
        (
            not realtime,
            "no_realtime",
            "the host's hiccups on the servers' CPUs are not measured, and those on the loader's "
            "include waits behind the loader: real-time priority is not permitted",
            "measure as root, or permit it with `sudo prlimit --pid $$ --rtprio=1:1`, or for good "
            "in /etc/security/limits.conf",
        ),
        (
            busy > 0.3,
            "busy",
            f"other programs used {busy:.1f} CPUs just before the run",
            "stop them, or trust ratios between servers more than single figures",
        ),
        (
            _virtualization() not in ("", "none"),
            "virtual_machine",
            "this is a virtual machine: waking an idle CPU costs 0.1 to 0.3 ms, and neighbours may "
            "take time",
            "measure on bare metal for absolute figures; ratios between servers hold",
        ),
    )
    return [
        {"code": code, "message": message, "remedy": remedy}
        for applies, code, message, remedy in found
        if applies
    ]


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
