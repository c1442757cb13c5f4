"""The machine: what identifies it, which versions it runs, and its environment warnings."""

import hashlib
import importlib.metadata
import platform
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from c10k import VERSION
from c10k.host import machine
from c10k.host.cpus import CpuSplit
from c10k.host.hiccups import Hiccups
from c10k.results.manifest import FINGERPRINT

HERE: Final = Path(__file__).parent
PACKAGES: Final = ("numpy", "pandas", "pyarrow", "psutil", "matplotlib")


def describe(server_host: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What identifies the machine: `host` in run.json.

    Runs with the same fingerprint may be compared: it is of this machine and, where the servers are
    on another, of the facts of that `server_host`, too.
    """
    facts = machine.facts()
    same = [each[key] for each in (facts, server_host) if each for key in FINGERPRINT]
    return facts | {"fingerprint": hashlib.sha256(repr(tuple(same)).encode()).hexdigest()[:12]}


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
    with Hiccups(cpus) as hiccups:
        realtime = hiccups.realtime
    found = (
        (
            cpus.shared,
            "shared_cpu",
            "the loader and the servers share their only CPU",
            "give the process two CPUs or more: figures of CPU and latency are of both",
        ),
        (
            not realtime,
            "no_realtime",
            "the host's hiccups on the servers' CPUs are not measured, and those on the loader's "
            "include waits behind the loader: real-time priority is not permitted",
            "measure as root, or permit it with `sudo prlimit --pid $$ --rtprio=1:1`, or for good "
            "in /etc/security/limits.conf",
        ),
    )
    own = [
        {"code": code, "message": message, "remedy": remedy}
        for applies, code, message, remedy in found
        if applies
    ]
    return [*own, *of_machine(machine.facts(), machine.busy_cpus())]


def of_machine(facts: Mapping[str, Any], busy_cpus: float) -> Iterator[dict[str, str]]:
    """The environment warnings that follow from a machine's facts and what it does just now."""
    governor, virtualization = facts["governor"], facts["virtualization"]
    if governor not in ("", "performance"):
        yield {
            "code": "governor",
            "message": f"the CPU frequency governor is {governor}",
            "remedy": "set it with `sudo cpupower frequency-set -g performance`",
        }
    if busy_cpus > 0.3:
        yield {
            "code": "busy",
            "message": f"other programs used {busy_cpus:.1f} CPUs just before the run",
            "remedy": "stop them, or trust ratios between servers more than single figures",
        }
    if virtualization not in ("", "none"):
        yield {
            "code": "virtual_machine",
            "message": "this is a virtual machine: waking an idle CPU costs 0.1 to 0.3 ms, and "
            "neighbours may take time",
            "remedy": "measure on bare metal for absolute figures; ratios between servers hold",
        }
