"""Samples and exact readings of what a process tree and its host use under load."""

from c10k.loadgen.telemetry.host import HostCounters, HostMemory, kernel_growth
from c10k.loadgen.telemetry.process import (
    Footprint,
    ProcessGoneError,
    ProcessTree,
    Spent,
    TreeUsage,
)
from c10k.loadgen.telemetry.sampler import Sample, Telemetry
from c10k.loadgen.telemetry.tasks import TaskTimes
from c10k.loadgen.telemetry.window import Reading, usage

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
