"""Apache httpd with each of its models (MPMs): process per connection, threads, event.

On SIGTERM, prefork sends SIGTERM to the whole process group that it was started in.
"""

from collections.abc import Mapping
from functools import partial
from math import ceil
from pathlib import Path
from typing import Final

from ..framework.log import name_of
from ..framework.options import WORKERS, ServerOption, defaults, named, task_count
from .program import Endpoint
from .web import BACKLOG, ROOT, WebServer, user_and_group

MODULES: Final = Path("/usr/lib/apache2/modules")
THREADS_PER_PROCESS: Final = 64  # as many as ThreadLimit allows unless it is raised

# Paths are relative to ServerRoot, which is the directory that it runs in. Mutexes are in memory,
# so is the scoreboard; nothing else is written. A connection is the client's to close.
CONFIGURATION: Final = """\
LoadModule mpm_{mpm}_module {modules}/mod_mpm_{mpm}.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule dir_module {modules}/mod_dir.so
{user}
ServerRoot .
ServerName localhost
DefaultRuntimeDir .
PidFile pid
Mutex pthread
ErrorLog /dev/stderr
{access_log}
Listen {address}
ListenBacklog {backlog}
KeepAliveTimeout 86400
MaxKeepAliveRequests 0
{pool}
DocumentRoot {root}
DirectoryIndex index.html
<Directory />
    Options FollowSymLinks
    AllowOverride None
    Require all granted
</Directory>
"""
ACCESS_LOG: Final = r'CustomLog /dev/stdout "%a:%{remote}p \"%r\" %>s %B"'
START: Final = ServerOption(
    "start", task_count, "processes from the start; it adds 32 per second at most", "5"
)
OPTIONS: Final[Mapping[str, Mapping[str, ServerOption]]] = {
    "prefork": named(WORKERS.by_default("10240", "the most processes"), START),
    "worker": named(
        WORKERS.by_default("10240", "the most threads, 64 per process"),
        START.by_default("192", "threads from the start; it adds 2048 per second at most"),
    ),
    "event": named(WORKERS.by_default("2048", "threads, 64 per process, all from the start")),
}


def pool(mpm: str, options: Mapping[str, str]) -> str:
    """Return the directives that set how many processes and threads there are.

    A pool grows with its connections and never shrinks, so that memory can be compared with them.
    """
    chosen = {**defaults(OPTIONS[mpm]), **options}
    most = int(chosen["workers"])
    threads = 1 if mpm == "prefork" else min(most, THREADS_PER_PROCESS)
    processes = ceil(most / threads)
    directives = {
        "ServerLimit": processes,
        "StartServers": ceil(min(most, int(chosen.get("start", most))) / threads),
        "MaxRequestWorkers": processes * threads,
    }
    if mpm == "prefork":
        directives["MaxSpareServers"] = most
    else:
        # A process that ends, for want of descriptors say, keeps its slot until its last
        # connection ends.
        directives["ServerLimit"] = 2 * processes
        directives["ThreadsPerChild"] = threads
        directives["MaxSpareThreads"] = processes * threads
    if mpm == "event":  # a process holds connections for as long as one of its threads is idle
        directives["AsyncRequestWorkerFactor"] = 100_000
    return "\n".join(f"{name} {value}" for name, value in directives.items())


def configure(mpm: str, options: Mapping[str, str], endpoint: Endpoint) -> str:
    """Return the text of its configuration."""
    account = user_and_group()
    return CONFIGURATION.format(
        mpm=mpm,
        modules=MODULES,
        user="User {}\nGroup {}".format(*account) if account else "",
        access_log=ACCESS_LOG if endpoint.verbose else "",
        address=name_of((endpoint.host, endpoint.port)),
        backlog=BACKLOG,
        pool=pool(mpm, options),
        root=ROOT,
    )


def apache(mpm: str) -> WebServer:
    """Return the program with one of its models: prefork, worker or event."""
    return WebServer(
        "apache2",
        "apache2-bin",  # apache2 also has it run, on port 80
        ("-DFOREGROUND", "-d", ".", "-f", "apache2.conf"),
        partial(configure, mpm),
        MODULES / f"mod_mpm_{mpm}.so",
    )
