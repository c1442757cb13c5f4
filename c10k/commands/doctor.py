"""say whether this machine can run the experiment, and what to change"""

import argparse

from c10k.outcome import Status


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "-c",
        "--connections",
        type=int,
        default=10_000,
        metavar="N",
        help="the largest step to check for (default: 10000)",
    )


def execute(args: argparse.Namespace) -> int:
    """Print what was found; unable where a limit is too low."""
    from c10k import host
    from c10k.cpus import CpuSplit
    from c10k.limits import limits_for
    from loadgen.engines import engine_of, loss

    facts = host.describe()
    cpus = CpuSplit.of_this_process()
    print(f"{facts['cpu_model']}, {facts['cpus']} CPUs, {facts['memory_bytes'] / 2**30:.0f} GiB")
    print(f"{facts['os']}, Linux {facts['kernel']}, {facts['python']}")
    print(f"{cpus}; the {engine_of('auto')} engine drives the load\n")
    print(f"limits for {args.connections:,} connections, a thread each:")
    limits = list(limits_for(args.connections, threads_per_connection=1))
    for limit in limits:
        print(f"  {'✓' if limit.suffices else '✗'} {limit.name}: {limit.value:,}", end="")
        print(f" of {limit.needed:,} needed" + ("" if limit.suffices else f"; {limit.remedy}"))
    if lost := loss():
        print(f"  ! {lost}")
    for doubt in host.doubts(cpus):
        print(f"  ! {doubt['message']}; {doubt['remedy']}")
    short = [limit for limit in limits if not limit.suffices]
    if short:
        print(f"\n{args.connections:,} connections do not fit; c10k run --fit takes fewer steps")
        return Status.UNABLE
    print(f"\n{args.connections:,} connections fit")
    return Status.DONE
