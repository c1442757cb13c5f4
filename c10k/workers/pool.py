"""The workers of a run: those of this host are started, those of others awaited."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from math import ceil
from queue import Empty
from typing import Any, Final, Self

from c10k.experiment.loader import Member, WorkerLostError
from c10k.host.cpus import CpuSplit
from c10k.host.limits import SPARE_DESCRIPTORS, Limit
from c10k.host.machine import boot_id
from c10k.host.ports import free_port, why_taken
from c10k.loadgen.address import Address
from c10k.loadgen.fleet import Fleet
from c10k.loadgen.tls import Tls
from c10k.loadgen.workload import Workload
from c10k.outcome import CommandError, Status
from c10k.results.store import RunError
from c10k.servers.process import launcher
from c10k.workers.hello import network
from c10k.workers.link import MasterLink, Worker
from c10k.workers.messages import ENDED
from c10k.workers.options import LOOPBACK, NO_AUTHENTICATION, WILDCARDS, Workers, host_and_port
from c10k.workers.shard import WorkerShard

# A schedule begins so much later than the command; more, where messages travel longer.
LEAD_NS: Final = 50_000_000
LEAD_DELAYS: Final = 4
LEAVE_S: Final = 2.0  # how long the processes of this host may take to end by themselves


class WorkerPool:
    """Workers that drive the load, within a `with` block; see `c10k.experiment.loader.Loader`.

    Entering waits for those that are expected. `on_news` is called with a line for each that joins,
    is refused or lost. Raises CommandError where they do not come, or nothing can listen at the
    master's address.
    """

    def __init__(
        self,
        asked: Workers,
        cpus: CpuSplit,
        serve_address: str,
        on_news: Callable[[str], None],
    ) -> None:
        self.repeats_steps = asked.on_worker_loss == "repeat"
        self.members: Sequence[Worker] = ()
        self.on_news = on_news
        self._asked = asked
        self._cpus = cpus
        self._joined: list[Worker] = []
        self._ending = "the run did not come to its end"
        self._host, self._port = host_and_port(asked.master_bind or LOOPBACK)
        self._serve_address = serve_address
        if not asked.master_bind:
            self._port = free_port()

    def __enter__(self) -> Self:
        _check_free(self._host, self._port)
        if not _is_loopback(self._host):
            self.on_news(f"warning: {NO_AUTHENTICATION}; it listens on {self._host}")
        with ExitStack() as stack:
            # The master is ended first, which tells these to end.
            here = [stack.enter_context(closing(each)) for each in self._started()]
            self._link = MasterLink(self._host, self._port, boot_id())
            stack.callback(lambda: self._link.close(self._ending))
            self._await(here)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._ending = ENDED
        self._stack.close()

    def _started(self) -> "list[_Local]":
        """The processes of this host, each on a CPU of the loader where there are enough."""
        number, cpus = self._asked.workers or 0, self._cpus.loader
        each = [(cpu,) for cpu in cpus] if number <= len(cpus) else [cpus] * number
        host = LOOPBACK if self._host in WILDCARDS else self._host
        return [_Local(host, self._port, own) for own in each[:number]]

    def _await(self, here: "Sequence[_Local]") -> None:
        """Wait for the expected workers."""
        expected = len(here)
        if self._asked.master_bind:
            expected += self._asked.expect_workers
            where = f"{self._host}:{self._port}"
            self.on_news(f"waiting for {_workers(expected)}, at {where}")
        deadline = time.monotonic() + self._asked.expect_workers_max_wait
        while len(self._joined) < expected:
            try:
                self._take(self._link.news.get(timeout=0.1))
            except Empty:
                for each in here:
                    each.check_alive()
                if time.monotonic() > deadline:
                    start = f": start `c10k worker --master HOST:{self._port}` for the others"
                    raise CommandError(
                        f"{len(self._joined)} of {_workers(expected)} joined at {self._host}:"
                        f"{self._port} within {self._asked.expect_workers_max_wait:g} s"
                        + start
                        * bool(self._asked.master_bind),
                        Status.UNABLE,
                    ) from None
        self.members = tuple(self._joined)

    def _take(self, news: Worker | str) -> None:
        if isinstance(news, str):
            self.on_news(news)
            return
        elsewhere = news.hello.network != network()
        if elsewhere and _is_loopback(self._serve_address):
            why = (
                f"the servers listen on {self._serve_address}, which another host does not reach; "
                "name an address with --serve-address"
            )
            self._link.drop(news, why)
            self.on_news(f"{news} is refused: {why}")
            return
        self._joined.append(news)
        offset_ms, within_ms = (ns / 1e6 for ns in news.clock)
        self.on_news(
            f"{news} joined, its clock {offset_ms:+.3f} ms ± {within_ms:.3f} ms from this one"
        )

    def update_members(self) -> None:
        """Let those join that came, leave out those that were lost, and read their clocks."""
        while not self._link.news.empty():
            self._take(self._link.news.get())
        for worker in self._joined:
            try:
                if not worker.lost:
                    worker.clock = self._link.clock(worker)
            except WorkerLostError as lost:
                self.on_news(str(lost))
        self.members = tuple(worker for worker in self._joined if not worker.lost)
        if not self.members:
            raise RunError(f"no worker is left; the last one was lost: {self._joined[-1].lost}")

    def fleet(
        self,
        address: tuple[str, int],
        workload: Workload,
        members: Sequence[Member] | None = None,
        tls: Tls | None = None,
    ) -> Fleet:
        """A fleet of one shard for each worker."""
        workers = [each for each in self.members if members is None or each in members]
        farthest_ns = max(worker.clock.uncertainty_ns for worker in workers)
        return Fleet(
            address,
            workload,
            tls=tls,
            elsewhere=[partial(WorkerShard, self._link, worker) for worker in workers],
            lead_ns=LEAD_NS + LEAD_DELAYS * farthest_ns,
        )

    def limits(self, connections: int) -> Iterator[Limit]:
        """The limits of each worker on its share of the connections."""
        share = ceil(connections / len(self.members))
        for worker in self.members:
            yield Limit(
                f"{worker.name}'s limit of open files (ulimit -Hn)",
                worker.hello.descriptors,
                share + SPARE_DESCRIPTORS,
                "raise it on its host, or add workers",
            )
            if worker.hello.ports:
                yield Limit(
                    f"{worker.name}'s number of ephemeral ports",
                    worker.hello.ports,
                    share,
                    "widen net.ipv4.ip_local_port_range on its host, or add workers",
                )

    def described(self) -> list[dict[str, Any]]:
        """Every worker that joined, as run.json holds it."""
        return [
            {
                "name": worker.name,
                "version": worker.hello.version,
                "host": worker.hello.host,
                "engine": worker.hello.engine,
                "cpus": worker.hello.cpus,
                "clock_offset_ms": round(worker.clock.offset_ns / 1e6, 3),
                "clock_uncertainty_ms": round(worker.clock.uncertainty_ns / 1e6, 3),
                "ceiling": worker.ceiling,
                "lost": worker.lost,
            }
            for worker in self._joined
        ]


class _Local:
    """A worker in a process of this host, which ends with this one in whatever way."""

    def __init__(self, host: str, port: int, cpus: Sequence[int]) -> None:
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with this)
        command = [sys.executable, "-P", "-m", "c10k", "worker", "--master", f"{host}:{port}"]
        self._process = subprocess.Popen(
            [*launcher(cpus), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            start_new_session=True,  # Ctrl-C in a terminal reaches this process, which ends it
        )

    def check_alive(self) -> None:
        """Raise CommandError, with its last line, if it has ended."""
        if self._process.poll() is not None:
            self._said.seek(0)
            why = self._said.read().strip().rpartition("\n")[2]
            raise CommandError(f"a worker of this host has ended: {why}", Status.UNABLE)

    def close(self) -> None:
        """Wait until it has ended; after a while, end it."""
        try:
            self._process.wait(LEAVE_S)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            self._process.wait()
        self._said.close()


def _workers(number: int) -> str:
    return f"{number} worker" + "s" * (number > 1)


def _is_loopback(host: str) -> bool:
    return host not in WILDCARDS and Address.resolve(host, 0).host.startswith("127.")


def _check_free(host: str, port: int) -> None:
    if why := why_taken("" if host in WILDCARDS else host, port):
        raise CommandError(
            f"the master cannot listen at {host}:{port}: {why}; choose another "
            "--master-bind, or end the program that has it",
            Status.UNABLE,
        )
