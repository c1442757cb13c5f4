"""start Locust's web UI, with a server to load"""

import argparse
import importlib.util
import subprocess
import sys
from pathlib import Path

from c10k import loadgen
from c10k.cli.arguments import port
from c10k.cli.serve import check_free, runnable, started
from c10k.outcome import CommandError, Status


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--server",
        default="asyncio_streams",
        metavar="SPEC",
        help="the server to load (default: asyncio_streams)",
    )
    parser.add_argument(
        "--port",
        type=port,
        default=8089,
        help="the port of the web UI on 127.0.0.1 (default: 8089)",
    )


def execute(args: argparse.Namespace) -> int:
    """Run Locust and the server until Ctrl-C or until one of them ends, then stop both."""
    if importlib.util.find_spec("locust") is None:
        raise CommandError(
            "Locust is not installed: run `tox -e locust`, "
            "or install it with `pip install 'c10k-bench[locust]'`",
            Status.UNABLE,
        )
    check_free("127.0.0.1", args.port)
    spec = runnable(args.server)
    if spec.server.protocol != "echo":
        raise CommandError(f"{spec.text} speaks {spec.server.protocol}; Locust's users here, echo")
    with started(spec, f"ui/{args.port}.log") as server:  # one UI per port
        return _run_locust(args.port, f"tcp://{server.host}:{server.port}")


def _run_locust(port: int, target: str) -> int:
    from c10k.servers.process import launcher

    locustfile = Path(loadgen.__file__).with_name("locustfile.py")
    command = [sys.executable, "-P", "-m", "locust", "-f", str(locustfile), "--host", target]
    command += ["--web-host", "127.0.0.1", "--web-port", str(port)]
    print(f"server on {target}; open http://127.0.0.1:{port}, end with Ctrl-C", flush=True)
    # In a session of its own: Ctrl-C in a terminal reaches this process alone, which then ends it.
    locust = subprocess.Popen([*launcher(), *command], start_new_session=True)
    try:
        return Status.DONE if locust.wait() == 0 else Status.FAILED
    except KeyboardInterrupt:
        return Status.INTERRUPTED
    finally:
        locust.terminate()
        locust.wait()
