"""Does `c10k load` report the faults of a network as they were?

python -m benchmarks.reliability.network

Two network namespaces are two hosts with a link between them (link.py). `c10k load` runs on one,
and a server on the other, behind a relay that keeps a record (relay.py). What is reported of each
fault stands beside what was injected, in a Markdown table; 1 if any difference is over 2 %. Needs
root's rights, ip, nsenter, unshare, nft and tc; takes two minutes.
"""

import json
import math
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import machine
from benchmarks.reliability.link import HEADER_BYTES, NOBODY, SEGMENT_BYTES, SERVER, Link
from benchmarks.reliability.namespaces import missing
from benchmarks.reliability.relay import ECHO, LISTEN, MESSAGE_BYTES, Record
from c10k.results.histogram import BUCKET_LOW_NS, Histogram
from c10k.results.histogram_log import read

PROGRAMS: Final = ("nft", "tc")
TOLERANCE: Final = 0.02
WAIT_S: Final = 60.0
RTO_NS: Final = 200_000_000  # TCP's least time-out on Linux


class Row(NamedTuple):
    """A figure that was injected, and what was reported of it."""

    fault: str
    figure: str
    injected: float
    reported: float
    form: str = "{:,.1f} ms"

    @property
    def difference(self) -> float:
        """Of the injected figure; infinite where that is 0 and the other is not."""
        if self.injected == self.reported:
            return 0.0
        return self.reported / self.injected - 1 if self.injected else math.inf

    def __str__(self) -> str:
        injected, reported = map(self.form.format, (self.injected, self.reported))
        cells = (self.fault, self.figure, injected, reported, f"{self.difference:+.2%}")
        return f"| {' | '.join(cells)} |"


class Load(NamedTuple):
    """What a `c10k load` reported."""

    status: int
    said: str
    figures: dict[str, Any]
    times: dict[str, Histogram]

    def times_ns(self, kind: str) -> NDArray[np.int64]:
        """Each time of a kind, to three digits."""
        return np.repeat(BUCKET_LOW_NS, self.times[kind].counts)

    def errors(self, fault: str, cause: str = "", expected: int = 0) -> Iterator[Row]:
        """The rows of the errors, of which so many are expected, all of one cause."""
        errors = dict(self.figures["errors"])
        if cause:
            yield Row(fault, "errors", expected, errors.pop(cause, 0), f"{{}} × {cause}")
        if errors or not cause:
            yield Row(fault, "other errors" if cause else "errors", 0, sum(errors.values()), "{}")


class Loading:
    """A `c10k load` of an address on the server's host that is under way."""

    def __init__(self, link: Link, stack: ExitStack, address: str, *options: object) -> None:
        self._scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        written = ("--json", self._scratch / "json", "--hdr", self._scratch / "hdr")
        fixed = ("--remote", "--no-ceiling", "--warmup", 0, "--quiet", *written)
        command = link.command(link.client, "c10k", "load", address, *fixed, *options)
        self._process = stack.enter_context(
            subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        )
        stack.callback(self._process.wait)
        stack.callback(self._process.kill)

    def end(self) -> Load:
        """Wait for the end."""
        _, said = self._process.communicate(timeout=WAIT_S)
        status = self._process.returncode
        if not (self._scratch / "hdr").exists():
            return Load(status, said, {}, {})
        intervals = read((self._scratch / "hdr").read_text())
        times = {each.tag.kind: each.histogram() for each in intervals}
        return Load(status, said, json.loads((self._scratch / "json").read_text()), times)


class Relayed:
    """A relay on the server's host, with an echo server behind it."""

    address: Final = f"{SERVER}:{LISTEN}"

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def await_load(self) -> None:
        """Wait for the first message. Raises TimeoutError."""
        assert self._process.stdout
        if not select.select([self._process.stdout], [], [], WAIT_S)[0]:
            raise TimeoutError("no load came to the relay")
        self._process.stdout.readline()

    def kill(self) -> None:
        """End it, without a FIN to its clients."""
        self._process.kill()
        self._process.wait()

    def end(self) -> Record:
        """End it, and return its record."""
        self._process.terminate()
        printed, _ = self._process.communicate(timeout=WAIT_S)
        return msgspec.json.decode(printed.splitlines()[-1], type=Record)


@contextmanager
def relayed(link: Link, *options: object) -> Iterator[Relayed]:
    """A relay with these options."""
    echo = ("c10k", "serve", "event_loop", "--host", "127.0.0.1", "--port", ECHO)
    relay = ("benchmarks.reliability.relay", SERVER, *options)
    with link.running(link.server, *echo), link.running(link.server, *relay) as process:
        yield Relayed(process)


def _distribution(
    fault: str, true_ns: NDArray[np.int64], load: Load, **percentiles: float
) -> Iterator[Row]:
    """The rows of the response times: their mean, and the percentiles by name."""
    mean_ms = float(np.mean(true_ns)) / 1e6
    yield Row(fault, "mean", mean_ms, load.figures["response_ms"]["mean"])
    for name, percentile in percentiles.items():
        injected_ns = float(np.percentile(true_ns, percentile, method="inverted_cdf"))
        reported_ns = load.times["response"].percentile_ns(percentile)
        yield Row(fault, name, injected_ns / 1e6, reported_ns / 1e6)


def _lateness_ns(record: Record, period_ns: float) -> NDArray[np.int64]:
    """How late each message of an open loop came to the server.

    A connection's messages are due a period apart. The earliest of them is taken to be on time.
    """
    each = []
    for messages in filter(None, record.messages):
        due_ns = (period_ns * np.arange(len(messages))).astype(int)
        late_ns = np.array(messages)[:, 0] - due_ns
        each.append(late_ns - late_ns.min())
    return np.concatenate(each)


def _median_beyond_ms(times_ns: NDArray[np.int64], least_ns: float) -> float:
    """The median of those that are at least so long."""
    return float(np.median(times_ns[times_ns >= least_ns])) / 1e6


def delay(link: Link, seconds: float) -> Iterator[Row]:
    """Replies are held back for 100 ms and an exponential jitter of 100 ms."""
    fault = "delay and jitter"
    with ExitStack() as stack:
        relay = stack.enter_context(relayed(link, "--least-ms", 100, "--jitter-ms", 100))
        load = Loading(link, stack, relay.address, "-c", 100, "-d", seconds).end()
        held_ns = np.array([held for each in relay.end().messages for _, held in each])
    yield Row(fault, "messages", len(held_ns), load.figures["received"], "{:,}")
    yield from _distribution(fault, held_ns, load, p50=50, p90=90, p99=99, longest=100)
    yield from load.errors(fault)


def lost_messages(link: Link, seconds: float) -> Iterator[Row]:
    """One in twenty messages never comes to the server, and times out."""
    fault, timeout_s = "lost messages", 1.0
    with ExitStack() as stack:
        relay = stack.enter_context(relayed(link, "--least-ms", 10, "--lost", 0.05))
        options = ("-c", 20, "-d", seconds, "--timeout", timeout_s, "--max-failed", "100%")
        load = Loading(link, stack, relay.address, *options).end()
        lost = relay.end().lost
    yield Row(fault, "lost", lost, load.figures["lost"], "{:,}")
    reported_ms = _median_beyond_ms(load.times_ns("response"), timeout_s * 1e9)
    yield Row(fault, "wait of these (median)", timeout_s * 1e3, reported_ms)
    yield from load.errors(fault, "timeout", lost)


def lost_packets(link: Link, seconds: float) -> Iterator[Row]:
    """One in twenty packets with a message is lost, and TCP sends it again.

    A message that was lost n times waits for 200 ms · (2ⁿ - 1) at least, and not twice as long.
    """
    fault, rate = "lost packets", 0.5
    with ExitStack() as stack:
        relay = stack.enter_context(relayed(link))
        options = ("-c", 400, "-d", seconds, "--rate", rate)
        loading = Loading(link, stack, relay.address, *options)
        relay.await_load()
        stack.enter_context(link.losing(0.05, MESSAGE_BYTES))
        load = loading.end()
        lost, late_ns = link.lost(), _lateness_ns(relay.end(), 1e9 / rate)
    sent_again = int(np.floor(np.log2(1 + load.times_ns("service") / RTO_NS)).sum())
    yield Row(fault, "sent again", lost, sent_again, "{:,} packets")
    injected_ms = _median_beyond_ms(late_ns, RTO_NS)
    reported_ms = _median_beyond_ms(load.times_ns("response"), RTO_NS)
    yield Row(fault, "wait of these (median)", injected_ms, reported_ms)
    yield Row(fault, "lost messages", 0, load.figures["lost"], "{}")
    yield from load.errors(fault)


def slow_link(link: Link, seconds: float) -> Iterator[Row]:
    """Replies come over 20 Mbit/s, headers included, which 16 connections share."""
    fault, bits_per_s, connections, reply_bytes = "slow link", 20_000_000, 16, 8_192
    wire_bits = 8 * (reply_bytes + math.ceil(reply_bytes / SEGMENT_BYTES) * HEADER_BYTES)
    files = ("c10k", "serve", "files", "--host", SERVER, "--port", ECHO)
    options = ("-c", connections, "-d", seconds, "--protocol", "download", "--expect", reply_bytes)
    with ExitStack() as stack:
        stack.enter_context(link.running(link.server, *files))
        stack.enter_context(link.slow(bits_per_s))
        # Warm, so that as much is on its way when the window begins as when it ends.
        load = Loading(link, stack, f"{SERVER}:{ECHO}", *options, "--warmup", 1).end()
    mbit_per_s = load.figures["messages_per_s"] * wire_bits / 1e6
    yield Row(fault, "throughput", bits_per_s / 1e6, mbit_per_s, "{:,.2f} Mbit/s")
    mean_ms = connections * wire_bits / bits_per_s * 1e3
    yield Row(fault, "mean", mean_ms, load.figures["response_ms"]["mean"])
    yield from load.errors(fault)


def link_down(link: Link, down_s: float) -> Iterator[Row]:
    """The link is down for a time. TCP sends again after 0.2, 0.6, 1.4, 3.0, 6.2, … s."""
    fault, rate = f"link down for {down_s:g} s", 2.0
    with ExitStack() as stack:
        relay = stack.enter_context(relayed(link))
        options = ("-c", 100, "-d", 1.5 * down_s + 2, "--rate", rate)
        loading = Loading(link, stack, relay.address, *options)
        relay.await_load()
        time.sleep(0.7)
        with link.down():
            time.sleep(down_s)
        load, late_ns = loading.end(), _lateness_ns(relay.end(), 1e9 / rate)
    yield Row(fault, "messages", len(late_ns), load.figures["received"], "{:,}")
    yield from _distribution(fault, late_ns, load, p90=90, p99=99, longest=100)
    yield Row(fault, "lost messages", 0, load.figures["lost"], "{}")
    yield from load.errors(fault)


def half_open(link: Link, timeout_s: float) -> Iterator[Row]:
    """The server's host falls silent, without a FIN or RST."""
    fault, connections, rate = "half-open peer", 10, 10
    with ExitStack() as stack:
        relay = stack.enter_context(relayed(link))
        options = ("-c", connections, "-d", timeout_s + 2, "--rate", rate, "--timeout", timeout_s)
        loading = Loading(link, stack, relay.address, *options)
        relay.await_load()
        time.sleep(1)
        with link.silent():
            load = loading.end()
            # Before the link is mended: the client's kernel would still send what timed out.
            arrived = sum(map(len, relay.end().messages))
    yield Row(fault, "answered", arrived, load.figures["received"], "{:,}")
    lost = round(connections * rate * load.figures["duration_s"]) - arrived
    yield Row(fault, "lost", lost, load.figures["lost"], "{:,}")
    reported_ms = _median_beyond_ms(load.times_ns("service"), timeout_s * 1e9)
    yield Row(fault, "wait of what was sent (median)", timeout_s * 1e3, reported_ms)
    yield Row(fault, "lost connections", connections, load.figures["lost_connections"], "{}")
    yield Row(fault, "exit status", 1, load.status, "{}")
    yield from load.errors(fault, "timeout", connections)


def restarted(link: Link, seconds: float) -> Iterator[Row]:
    """The server's host falls silent, and comes back without its connections: it resets them."""
    fault, connections = "peer that restarted", 10
    with ExitStack() as stack:
        relay = stack.enter_context(relayed(link))
        options = ("-c", connections, "-d", seconds, "--rate", 10, "--no-reconnect")
        loading = Loading(link, stack, relay.address, *options)
        relay.await_load()
        time.sleep(0.5)
        with link.silent():
            relay.kill()
            time.sleep(0.3)
        load = loading.end()
    yield Row(fault, "lost connections", connections, load.figures["lost_connections"], "{}")
    yield from load.errors(fault, "reset", connections)


def few_ports(link: Link, seconds: float) -> Iterator[Row]:
    """Other programs of the loader's host hold its ports, but for so many."""
    fault, connections, free = "no more ports", 50, 30
    event_loop = ("c10k", "serve", "event_loop", "--host", SERVER, "--port", ECHO)
    with ExitStack() as stack:
        stack.enter_context(link.running(link.server, *event_loop))
        stack.enter_context(link.few_ports(free))
        load = Loading(link, stack, f"{SERVER}:{ECHO}", "-c", connections, "-d", seconds).end()
    yield Row(fault, "connected", free, load.figures["connected"], "{}")
    yield Row(fault, "exit status", 1, load.status, "{}")
    yield from load.errors(fault, "no_port", connections - free)


def no_host(link: Link) -> Iterator[Row]:
    """The address is no host's."""
    yield from _unserved("no host", link, NOBODY, "unreachable")


def silent_host(link: Link) -> Iterator[Row]:
    """The host is silent from the beginning, as behind a firewall."""
    with link.silent():
        yield from _unserved("silent host", link, SERVER, "connect_timeout")


def _unserved(fault: str, link: Link, host: str, cause: str) -> Iterator[Row]:
    with ExitStack() as stack:
        load = Loading(link, stack, f"{host}:{ECHO}", "-c", 1).end()
    yield Row(fault, "cause", 1, load.said.count(f"({cause})"), f"{{}} × {cause}")
    yield Row(fault, "exit status", 3, load.status, "{}")


def measured(link: Link) -> Iterator[Row]:
    """The rows of all faults."""
    yield from delay(link, 10)
    yield from lost_messages(link, 10)
    yield from lost_packets(link, 15)
    yield from slow_link(link, 5)
    yield from link_down(link, 5)
    yield from half_open(link, 2)
    yield from restarted(link, 4)
    yield from few_ports(link, 1)
    yield from no_host(link)
    yield from silent_host(link)


def main() -> int:
    """Print the table; 1 if any difference is over 2 %, 3 if it cannot be measured here."""
    if why := missing(*PROGRAMS):
        print(why, file=sys.stderr)
        return 3
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    beyond = 0
    try:
        with Link() as link:
            print(f"{machine()}\n\n| fault | figure | injected | reported | difference |")
            print("| --- | --- | ---: | ---: | ---: |", flush=True)
            for row in measured(link):
                print(row, flush=True)
                beyond += abs(row.difference) > TOLERANCE
    except KeyboardInterrupt:
        return 130
    print(f"\ndifferences over {TOLERANCE:.0%}: {beyond}")
    return int(beyond > 0)


if __name__ == "__main__":
    sys.exit(main())
