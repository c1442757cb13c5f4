"""Words that runs record and reports tell, for the catalogues.

What is a sentence with figures of its own (why a step failed, a warning, a line of a log) is told
as it was recorded.
"""

from typing import Final

from c10k.reports.language import later

ROLES: Final = (later("synchronous"), later("asynchronous"))
STATUSES: Final = (later("ok"), later("partial"), later("failed"))
UNSETTLED: Final = (later("throughput"), later("memory"), later("throughput and memory"))

MODELS: Final = (
    later("thread per connection"),
    later("thread per connection, from a pool"),
    later("thread per request, from a pool; event loop for idle connections"),
    later("bounded thread pool"),
    later("process per connection"),
    later("process per connection, from a pool"),
    later("bounded process pool"),
    later("event loop"),
    later("event loop per thread"),
    later("event loop per process"),
    later("event loop per worker process"),
    later("green thread per connection"),
)

WORKLOADS: Final = (
    later("1 message/s per client"),
    later("10 messages/s per client"),
    later("100 messages/s per client"),
    later("1000 messages/s per client"),
    later("each client sends its next message when the reply has arrived"),
    later("a tenth of the clients sends 10 messages/s each, the others are silent"),
    later("the server waits 5 ms per message; a tenth of the clients always has one there"),
    later("the server computes 5 ms per message; a tenth of the clients always has one there"),
    later("a new connection for each message"),
    later("1 MiB per reply, as fast as they arrive"),
)

TECHNIQUES: Final = (
    later("threads on a loop, Python"),
    later("threads on a loop, C++"),
    later("buffer pool"),
    later("zero copy, small messages"),
    later("zero copy, large files"),
)

HOST: Final = (
    *(later("hostname hash"), later("cpu model"), later("cpus"), later("kernel"), later("os")),
    *(later("python"), later("clocksource"), later("virtualization"), later("governor")),
    *(later("fingerprint"), later("commit"), later("loader"), later("server")),
)
LIMITS: Final = (
    later("the hard limit of open files (ulimit -Hn)"),
    later("the number of ephemeral ports (net.ipv4.ip_local_port_range)"),
    later("the number of tasks of the system (kernel.threads-max)"),
    later("the number of tasks of the system (kernel.pid_max)"),
    later("the number of memory maps of a process (vm.max_map_count)"),
)
WARNINGS: Final = (
    later("the loader and the servers share their only CPU"),
    later("give the process two CPUs or more: figures of CPU and latency are of both"),
    later("set it with `sudo cpupower frequency-set -g performance`"),
    later(
        "the host's hiccups on the servers' CPUs are not measured, and those on the loader's "
        "include waits behind the loader: real-time priority is not permitted"
    ),
    later(
        "measure as root, or permit it with `sudo prlimit --pid $$ --rtprio=1:1`, or for good in "
        "/etc/security/limits.conf"
    ),
    later("stop them, or trust ratios between servers more than single figures"),
    later(
        "this is a virtual machine: waking an idle CPU costs 0.1 to 0.3 ms, and neighbours may "
        "take time"
    ),
    later("measure on bare metal for absolute figures; ratios between servers hold"),
)
