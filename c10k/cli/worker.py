"""The arguments of `c10k worker`, and what it calls."""

import argparse
import os
from contextlib import ExitStack

from c10k.loadgen.descriptors import raise_soft_descriptor_limit
from c10k.loadgen.engines import loss
from c10k.options import add_options, given, options_of, read
from c10k.outcome import CommandError, Status, say
from c10k.workers.options import LOOPBACK, NO_AUTHENTICATION, Membership, host_and_port


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_options(parser, Membership, *options_of(Membership))
    parser.epilog = (
        "A worker is one thread: start as many as this host has CPUs for the load, each with its "
        f"--cpu. {NO_AUTHENTICATION}, and a worker loads what its master names: join masters of "
        "your own alone. Exit status: 0 the run has ended; 2 wrong request; 3 no master answers, "
        "or it refuses or drops this worker; 130 interrupted."
    )


def execute(args: argparse.Namespace) -> int:
    """Join the master, and serve it until the run has ended."""
    asked = read(Membership, given(args, Membership), "--{}".format)
    host, port = host_and_port(asked.master)
    if asked.cpu is not None:
        try:
            os.sched_setaffinity(0, {asked.cpu})
        except (OSError, OverflowError):
            usable = sorted(os.sched_getaffinity(0))
            raise CommandError(
                f"--cpu: CPU {asked.cpu} is not available here; this process may use {usable}"
            ) from None
    from c10k.extras import need

    need("locust", "worker")
    from c10k.workers.worker import work  # first: it patches what others import

    raise_soft_descriptor_limit()
    if lost := loss():
        say(lost)
    where = f"{host}:{port}" + (f" via {asked.via}" if asked.via else "")

    def on_joined(name: str) -> None:
        print(f"joined the master at {where} as {name}", flush=True)

    with ExitStack() as stack:
        if asked.via:
            from c10k.workers.tunnel import tunnel

            port = stack.enter_context(tunnel(asked.via, host, port, asked.timeout_s))
            host = LOOPBACK
        work(host, port, asked.name, asked.timeout_s, on_joined)
    print("the run has ended")
    return Status.DONE
