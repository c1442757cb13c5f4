"""Samples and exact readings of what a process tree and its host use under load."""

from c10k.loadgen.telemetry.host import HostCounters, HostMemory, kernel_growth
from c10k.loadgen.telemetry.process import ProcessGoneError, ProcessTree
from c10k.loadgen.telemetry.sampler import Sample, Telemetry
from c10k.loadgen.telemetry.window import usage

__all__ = [
    "HostCounters",
    "HostMemory",
    "ProcessGoneError",
    "ProcessTree",
    "Sample",
    "Telemetry",
    "kernel_growth",
    "usage",
]
