"""The arguments of `c10k doctor`, and what it calls."""

import argparse

from c10k.cli.arguments import connections
from c10k.cli.columns import show
from c10k.outcome import Status


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
    from c10k.host.limits import limits_for
    from c10k.loadgen.engines import engine_of, loss
    from c10k.reports.wording import size

    facts = environment.describe()
    cpus = CpuSplit.of_this_process()
    print(f"{facts['cpu_model']}, {facts['cpus']} CPUs, {size(facts['memory_bytes'])}")
    print(f"{facts['os']}, Linux {facts['kernel']}, {facts['python']}")
    show(f"{cpus}; the {engine_of('auto')} engine drives the load")
    print(f"\nlimits for {args.connections:,} connections, with a thread per connection:")
    limits = list(limits_for(args.connections, threads_per_connection=1))
    for limit in limits:
        found = f"{limit.name}: {limit.value:,} of {limit.needed:,} needed"
        remedy = "" if limit.suffices else f"; {limit.remedy}"
        show(found + remedy, "  ✓ " if limit.suffices else "  ✗ ")
    if lost := loss():
        show(lost, "  ! ")
    for warning in environment.warnings(cpus):
        show(f"{warning['message']}; {warning['remedy']}", "  ! ")
    if not all(limit.suffices for limit in limits):
        print(
            f"\n{args.connections:,} connections do not fit; c10k run --fit leaves out such steps"
        )
        return Status.UNABLE
    print(f"\n{args.connections:,} connections fit")
    return Status.DONE
