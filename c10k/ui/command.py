"""What `c10k ui` does: it starts the servers and Locust, and stores what a session measures."""

import argparse
import math
import os
import secrets
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import psutil

from c10k.experiment.plan import PlannedServer, check_unique
from c10k.extras import need
from c10k.host.cpus import CpuSplit
from c10k.host.limits import raise_soft_descriptor_limit
from c10k.host.ports import check_free
from c10k.outcome import CommandError, Status
from c10k.servers.cache import cache_directory
from c10k.servers.catalogue import parse_command
from c10k.servers.process import ServerStartError
from c10k.ui.channel import Channel
from c10k.ui.locust_process import LocustProcess
from c10k.ui.messages import Begin, End, FromLocust, Halt, Notice, Ready, Second, Setup
from c10k.ui.session import Session
from c10k.ui.stored_run import StoredRun
from c10k.ui.watched import WatchedServer

DEFAULT_SERVERS: Final = ("threaded", "asyncio_streams")
PASSWORD: Final = "C10K_UI_PASSWORD"
UPDATE_S: Final = 1.0
START_S: Final = 60.0  # how long Locust may take


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C, or until Locust ends; then nothing is left running."""
    need("locust", "ui")
    servers = _planned(args)
    setup = _setup(args, servers)
    check_free(args.host, args.port)
    locustfiles = [each.absolute() for each in args.locustfile or ()]
    for each in locustfiles:
        if not each.is_file() or "," in str(each):
            raise CommandError(f"{each} is no file that Locust can load")
    if args.out and (args.out / "run.json").exists():
        raise CommandError(f"{args.out} holds a run already: name another directory")
    raise_soft_descriptor_limit()
    cpus, usable = CpuSplit.of_this_process(), os.sched_getaffinity(0)
    logs = cache_directory() / f"ui/{args.port}"  # one UI per port
    watched = [WatchedServer(each, cpus.server, logs) for each in servers]
    with ExitStack() as running:
        for server in watched:
            running.callback(server.stop)
            try:
                server.start()
            except ServerStartError as error:
                raise CommandError(str(error), Status.UNABLE) from None
        # Servers have their own CPUs; this process is on the loader's side.
        os.sched_setaffinity(0, cpus.loader)
        running.callback(os.sched_setaffinity, 0, usable)
        arguments = ["--class-picker", "--web-host", args.host, "--web-port", str(args.port)]
        arguments += ["--web-login"] * bool(setup.user)
        locust = running.enter_context(
            LocustProcess(arguments, locustfiles, cpus.loader, logs / "locust.log")
        )
        stored = StoredRun(args.out, servers, cpus, sys.argv[1:])  # while Locust starts
        session = Session(watched, stored, cpus)
        running.callback(_say_where, stored)
        running.callback(session.close)
        host = f"[{args.host}]" if ":" in args.host else args.host
        with suppress(KeyboardInterrupt):  # that is how a session ends
            _serve(session, locust, setup, f"http://{host}:{args.port}")
    return Status.INTERRUPTED


def _planned(args: argparse.Namespace) -> list[PlannedServer]:
    """The servers that are asked for. CommandError where one cannot be loaded here."""
    servers = [PlannedServer(text) for text in args.server or ()]
    servers += [PlannedServer("", text, str(Path.cwd())) for text in args.command or ()]
    planned = []
    for each in servers or map(PlannedServer, DEFAULT_SERVERS):
        try:
            if each.command:
                label = parse_command(each.command, Path(each.directory)).text
                each = PlannedServer(label, each.command, each.directory)
            spec = each.spec
        except ValueError as error:
            raise CommandError(str(error)) from None
        if spec.tls != "off":
            raise CommandError(f"{spec.text}: the users of the UI speak no TLS: leave out tls")
        if spec.missing:
            raise CommandError(f"{spec.text} cannot run here: {spec.missing}", Status.UNABLE)
        planned.append(each)
    try:
        check_unique([each.server for each in planned], "server")
    except ValueError as error:
        raise CommandError(str(error)) from None
    return planned


def _setup(args: argparse.Namespace, servers: Sequence[PlannedServer]) -> Setup:
    """What Locust needs to know. CommandError where other machines need no login."""
    loopback = _is_loopback(args.host)
    if not (loopback or args.login):
        raise CommandError(
            f"{args.host} can be reached from other machines: add --login USER (its password is "
            f"taken from {PASSWORD}, or made up), or leave out --host"
        )
    password = os.environ.get(PASSWORD, "")
    if args.login and not password:
        password = secrets.token_urlsafe(12)
        print(f"login: {args.login}, password: {password}", flush=True)
    return Setup(
        servers=tuple(each.server for each in servers),
        any_host=args.any_host,
        hosts=tuple(sorted(_names(args.host))),
        user=args.login or "",
        password=password,
    )


def _is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address. CommandError for what is none."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        raise CommandError(
            f"--host must be an address of this machine, such as 127.0.0.1; got {host!r}"
        ) from None


def _names(host: str) -> set[str]:
    """The names by which browsers call the UI, as in a Host header without its port."""
    names = {host, "localhost", "127.0.0.1", "::1"}
    if host != "localhost" and ip_address(host).is_unspecified:
        names |= {socket.gethostname(), socket.getfqdn()}
        for addresses in psutil.net_if_addrs().values():
            names |= {each.address.partition("%")[0] for each in addresses}
    return {name.lower() for name in names}


def _serve(session: Session, locust: LocustProcess, setup: Setup, url: str) -> None:
    """Answer Locust until it ends, which raises CommandError."""
    locust.channel.send(setup)
    update_at_s, ready_by_s = time.monotonic(), time.monotonic() + START_S
    while locust.alive:
        try:
            while locust.channel.waiting(update_at_s - time.monotonic()):
                message = locust.channel.receive()
                if isinstance(message, Ready):
                    ready_by_s = math.inf
                    print(f"open {url}, end with Ctrl-C", flush=True)
                _take(session, locust.channel, message)
            locust.channel.send(session.update())
            if session.halt:
                locust.channel.send(Halt())
        except (EOFError, ConnectionError):  # it is about to end
            break
        if time.monotonic() > ready_by_s:
            raise CommandError(f"Locust does not serve after {START_S:g} s", Status.UNABLE)
        update_at_s = max(update_at_s + UPDATE_S, time.monotonic())
    raise CommandError(locust.how_it_ended(), Status.FAILED)


def _take(session: Session, channel: Channel[FromLocust], message: FromLocust) -> None:
    match message:
        case Begin():
            channel.send(session.begin(message))
        case Second():
            session.take(message)
        case Notice():
            session.notice(message.text)
        case End():
            session.end()


def _say_where(stored: StoredRun) -> None:
    if stored.directory:
        print(stored.directory)
    if stored.writer and stored.writer.manifest["interrupted"]:
        print(f"a test was interrupted: `c10k report {stored.directory}` reports what it measured")
