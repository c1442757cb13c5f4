"""What a process tree and its host use while connections drive it."""

from loadgen.telemetry.host import HostCounters, HostMemory, kernel_growth
from loadgen.telemetry.process import Footprint, ProcessGoneError, ProcessTree, Spent, TreeUsage
from loadgen.telemetry.sampler import Sample, Telemetry
from loadgen.telemetry.tasks import TaskTimes
from loadgen.telemetry.window import Reading, usage

__all__ = [
    "Footprint",
    "HostCounters",
    "HostMemory",
    "ProcessGoneError",
    "ProcessTree",
    "Reading",
    "Sample",
    "Spent",
    "TaskTimes",
    "Telemetry",
    "TreeUsage",
    "kernel_growth",
    "usage",
]
