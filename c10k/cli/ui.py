"""start Locust's web UI, with a server to load"""

import argparse
import importlib.util
import socket
import subprocess
import sys
from pathlib import Path

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
        "--port", type=int, default=8089, help="the port of the web UI on 127.0.0.1 (default: 8089)"
    )


def execute(args: argparse.Namespace) -> int:
    """Run Locust and the server until Ctrl-C or until one of them ends, then stop both."""
    from c10k.cli.interruption import interrupt_on_signals
    from c10k.host.limits import raise_soft_descriptor_limit
    from c10k.servers.cache import cache_directory
    from c10k.servers.catalogue import parse_spec
    from c10k.servers.process import ServerStartError

    locustfile = _locustfile()
    _check_free(args.port)
    try:
        spec = parse_spec(args.server)
    except ValueError as error:
        raise CommandError(str(error)) from None
    if spec.missing:
        raise CommandError(f"{spec.text} cannot run here: {spec.missing}", Status.UNABLE)
    if spec.server.protocol != "echo":
        raise CommandError(f"{spec.text} speaks {spec.server.protocol}; Locust's users here, echo")
    raise_soft_descriptor_limit()
    interrupt_on_signals()
    log = cache_directory() / "ui" / f"{args.port}.log"  # one UI per port
    try:
        with spec.process(log=log) as server:
            return _run_locust(locustfile, args.port, f"tcp://{server.host}:{server.port}")
    except ServerStartError as error:
        raise CommandError(str(error), Status.UNABLE) from None


def _locustfile() -> Path:
    if importlib.util.find_spec("locust") is None:
        raise CommandError(
            "Locust is not installed: run `tox -e locust`, "
            "or install it with `pip install 'c10k-bench[locust]'`",
            Status.UNABLE,
        )
    package = importlib.util.find_spec("c10k.loadgen")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).with_name("locustfile.py")


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"port {port} on 127.0.0.1 cannot be used ({error}): name another with --port"
            ) from None


def _run_locust(locustfile: Path, port: int, target: str) -> int:
    from c10k.servers.process import launcher

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
