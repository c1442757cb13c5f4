"""What a worker says of itself and of its host when it joins."""

import os
import platform
import resource
from pathlib import Path
from typing import Final

from c10k import VERSION
from c10k.host import environment
from c10k.host.limits import port_limits
from c10k.host.machine import boot_id
from c10k.loadgen.engines import engine_of
from c10k.workers.messages import Hello

FACTS: Final = ("hostname_hash", "cpu_model", "cpus", "kernel")
MOST: Final = 1 << 62  # descriptors, where they have no limit


def network() -> str:
    """What tells this network, with its loopback, from any other."""
    return f"{boot_id()} {Path('/proc/self/ns/net').stat().st_ino}"


def hello(name: str) -> Hello:
    """What a worker says that wants this name, or any if it is empty."""
    facts = environment.describe()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return Hello(
        version=VERSION,
        name=name,
        hostname=platform.node(),
        boot_id=boot_id(),
        network=network(),
        host={fact: facts[fact] for fact in FACTS},
        engine=engine_of("auto"),
        cpus=sorted(os.sched_getaffinity(0)),
        descriptors=MOST if hard == resource.RLIM_INFINITY else hard,
        ports=next((limit.value for limit in port_limits(1)), 0),
    )
