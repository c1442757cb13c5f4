"""Words that runs record and reports tell, for the catalogues.

Why a step failed and the lines of a log stand as they were recorded.
"""

from typing import Final

from c10k.reports.language import N_, _

STATUSES: Final = (N_("ok"), N_("partial"), N_("failed"))
OUTCOMES: Final = (N_("clear"), N_("equivalent"), N_("undecided"), N_("indicative"))
UNSTEADY: Final = (N_("throughput"), N_("memory"), N_("throughput and memory"))

MODELS: Final = (
    N_("thread per connection"),
    N_("thread per connection, from a pool"),
    N_("thread per request, from a pool; event loop for idle connections"),
    N_("bounded thread pool"),
    N_("process per connection"),
    N_("process per connection, from a pool"),
    N_("bounded process pool"),
    N_("event loop"),
    N_("event loop per thread"),
    N_("event loop per process"),
    N_("event loop per worker process"),
    N_("green thread per connection"),
)

WORKLOADS: Final = (
    N_("1 message/s per client"),
    N_("10 messages/s per client"),
    N_("100 messages/s per client"),
    N_("1000 messages/s per client"),
    N_("each client sends its next message when the reply has arrived"),
    N_("a tenth of the clients sends 10 messages/s each, the others are silent"),
    N_("the server waits 5 ms per message; a tenth of the clients always has one there"),
    N_("the server computes 5 ms per message; a tenth of the clients always has one there"),
    N_("a new connection for each message"),
    N_("1 MiB per reply, as fast as they arrive"),
)

TECHNIQUES: Final = (
    N_("threads on a loop, Python"),
    N_("threads on a loop, C++"),
    N_("buffer pool"),
    N_("zero copy, small messages"),
    N_("zero copy, large files"),
)

HOST: Final = (
    *(N_("hostname hash"), N_("cpu model"), N_("cpus"), N_("kernel"), N_("os")),
    *(N_("python"), N_("clocksource"), N_("virtualization"), N_("governor")),
    *(N_("fingerprint"), N_("commit"), N_("loader"), N_("server")),
    *(N_("address"), N_("round trip ms"), N_("clock offset s")),
)
LIMITS: Final = (
    N_("the hard limit of open files (ulimit -Hn)"),
    N_("the number of ephemeral ports (net.ipv4.ip_local_port_range)"),
    N_("the number of tasks of the system (kernel.threads-max)"),
    N_("the number of tasks of the system (kernel.pid_max)"),
    N_("the number of memory maps of a process (vm.max_map_count)"),
)
WARNINGS: Final = (
    N_("the loader and the servers share their only CPU"),
    N_("give the process two CPUs or more: figures of CPU and latency are of both"),
    N_("set it with `sudo cpupower frequency-set -g performance`"),
    N_(
        "the host's hiccups on the servers' CPUs are not measured, and those on the loader's "
        "include waits behind the loader: real-time priority is not permitted"
    ),
    N_(
        "measure as root, or permit it with `sudo prlimit --pid $$ --rtprio=1:1`, or for good in "
        "/etc/security/limits.conf"
    ),
    N_("stop them, or trust ratios between servers more than single figures"),
    N_(
        "this is a virtual machine: waking an idle CPU costs 0.1 to 0.3 ms, and neighbours may "
        "take time"
    ),
    N_("measure on bare metal for absolute figures; ratios between servers hold"),
    N_(
        "the loader ceiling is not measured: the loader has all CPUs of this host, and the bare "
        "echo server would need some"
    ),
    N_("a step is loader-limited by the loader's CPU and send lag alone"),
)
_OF_THE_SERVERS_HOST: Final = N_("the servers' host: {warning}")
_WITH_A_VALUE: Final = (
    N_("the CPU frequency governor is {value}"),
    N_("other programs used {value} CPUs just before the run"),
)


def warning(text: str) -> str:
    """A warning of a run, or its remedy, in the language that is spoken."""
    whose, _rest = _OF_THE_SERVERS_HOST.split("{warning}")
    if text.startswith(whose):
        return _(_OF_THE_SERVERS_HOST, warning=warning(text.removeprefix(whose)))
    for message in _WITH_A_VALUE:
        before, after = message.split("{value}")
        if text.startswith(before) and text.endswith(after):
            return _(message, value=text.removeprefix(before).removesuffix(after))
    return _(text)
