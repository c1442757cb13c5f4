"""The arguments of `c10k doctor`, and what it calls."""

import argparse
from typing import TYPE_CHECKING

from c10k.cli.arguments import connections
from c10k.outcome import Status
from c10k.output.columns import show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from c10k.host.limits import Limit


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "-c",
        "--connections",
        type=connections,
        default=10_000,
        metavar="N",
        help="the largest step to check, in connections (default: 10k)",
    )


def execute(args: argparse.Namespace) -> int:
    """Print the limits and the environment warnings; UNABLE if a limit is too low."""
    from c10k.host import environment
    from c10k.host.cpus import CpuSplit
    from c10k.host.limits import host_limits, loader_processes, server_limits, server_workers
    from c10k.loadgen.engines import engine_of, loss
    from c10k.reports.wording import size

    wanted = args.connections
    facts = environment.describe()
    cpus = CpuSplit.of_this_process()
    print(f"{facts['cpu_model']}, {facts['cpus']} CPUs, {size(facts['memory_bytes'])}")
    print(f"{facts['os']}, Linux {facts['kernel']}, {facts['python']}")
    show(f"{cpus}; the {engine_of('auto')} engine drives the load")
    print(f"\nlimits for {wanted:,} connections:")
    fit = _list(host_limits(wanted))
    loops = "an event loop"
    if (loaders := loader_processes(wanted)) > 1:
        workers = server_workers(wanted)
        loops = f"{workers} event loops"
        show(
            f"more open files than a process may have (ulimit -Hn): the loader runs in {loaders} "
            f"processes; a server needs {workers}: `c10k serve asyncio_workers -c {wanted}`",
            "  ! ",
        )
    print("\nwith a thread per connection:")
    threads_fit = _list(server_limits(wanted, threads_per_connection=1))
    print()
    if lost := loss():
        show(lost, "  ! ")
    for warning in environment.warnings(cpus):
        show(f"{warning['message']}; {warning['remedy']}", "  ! ")
    if not fit:
        print(f"\n{wanted:,} connections do not fit; c10k run --fit leaves out such steps")
    elif not threads_fit:
        print(f"\n{wanted:,} connections fit {loops}, but not a thread each")
    else:
        print(f"\n{wanted:,} connections fit")
    return Status.DONE if fit and threads_fit else Status.UNABLE


def _list(limits: "Iterable[Limit]") -> bool:
    """Print each limit, with the remedy if it is too low; whether all suffice."""
    suffice = True
    for limit in limits:
        found = f"{limit.name}: {limit.value:,} of {limit.needed:,} needed"
        remedy = "" if limit.suffices else f"; {limit.remedy}"
        show(found + remedy, "  ✓ " if limit.suffices else "  ✗ ")
        suffice &= limit.suffices
    return suffice
