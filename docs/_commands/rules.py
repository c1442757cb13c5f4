"""How each command of the pages is executed here: as tables, which anyone can read.

The patterns are regular expressions, sought in a command after it was rewritten. A name in braces,
such as {server_port}, is a free port.
"""

import re
import shutil
from typing import Final

NOT_EXECUTED: Final = {
    r"\bgit clone\b": "REPOSITORY stands for an address; CI has cloned it",
    r"\bsudo apt\b": "installs programs of the system; .ci/run does",
    r"\bpip install\b|\buvx\b|\bpipx\b": "installs from the package index; tox has done so",
    r"--serve-on|--via": "needs ssh to another host; tox -e hosts has it",
    r"\bc10k audit\b": "runs other loaders for minutes; tests/c10k/audit audits ours",
    r"-c (1m|1,000,000)\b": "takes minutes and 10 GB; benchmarks/million.py does it",
    r"--tls-ca ca\.pem": "needs the certificate of a server; tests/c10k/cli/test_tls.py makes one",
    r"^tox\b": "takes minutes; CI runs these environments, or a person does",
    r"^pytest\b": "the tests; tox runs them",
    r"python\S* (-m (benchmarks|docs)\.|docs/make_)": "makes the pages from what was measured for"
    " long; a person does",
    r"\bthread_objects\b|\bsndbuf=": "what docs/extending.md adds; tests/test_extending.py has it",
}
"""What stands in a command that cannot be executed here, and why."""

PROGRAMS: Final = ("g++", "redis-server", "socat")
"""Programs of the system without which a command that has them is not executed."""

REWRITTEN: Final = (
    # What sets up an environment: tox has made this one.
    (r"python3 -m venv \.venv && \.venv/bin/pip install --quiet \S+ && ", ""),
    (r"\. \.venv/bin/activate$", "true"),
    (r"\.venv/bin/", ""),
    (r"\btox -e bench( --)?", "c10k run"),
    (r"\btox -e locust\b", "c10k ui"),
    # Nothing but the loopback is loaded, and at ports that are free.
    (r"\b(10\.0\.0\.\d+|192\.0\.2\.\d+)\b", "127.0.0.1"),
    (r"tls://127\.0\.0\.1:9000\b", "tls://127.0.0.1:{tls_port}"),
    (r"\b127\.0\.0\.1:9000 --tls", "127.0.0.1:{tls_port} --tls"),
    (r"ws://127\.0\.0\.1:9000\b", "ws://127.0.0.1:{chat_port}"),
    (r"(127\.0\.0\.1(?::| |\", )|--port )9000\b", r"\1{server_port}"),
    (r"http://127\.0\.0\.1/", "http://127.0.0.1:{http_port}/"),
    (r"\b127\.0\.0\.1:6379\b", "127.0.0.1:{redis_port}"),
    (r"--master-bind 127\.0\.0\.1", "--master-bind 127.0.0.1:{master_port}"),
    (r"\bc10k worker( --master 127\.0\.0\.1)?", "c10k worker --master 127.0.0.1:{master_port}"),
    # The steps are others: one that there is, and a threshold that it misses as the one shown does.
    (r"\{connections=1000\} < 150", "{connections=20} < 0.0001"),
    (r"\b10_000\b", "20"),
    (r"/tmp/echo\b", "./echo"),
)
"""Patterns and what replaces them, one after the other."""

_QUICK: Final = "--duration 0.2 --repeat 1 --profile quick --force"
_RUN: Final = f"--steps 20 {_QUICK}"
SHORTENED: Final = (
    (r"c10k run --config$", ""),
    (r"c10k run .*--out (before|after)\b", "--duration 0.1 --force --no-report"),
    (r"c10k run .*--find-max\b", f"--steps 40 {_QUICK} --no-report"),  # it searches up to 400
    (r"c10k run .*--map\b", f"{_RUN} --server threaded --workload paced --no-report"),
    (r"c10k run .*--config examples/", f"--steps 300 {_QUICK} --no-report"),  # it has a low rate
    (r"c10k run .*--config\b", f"{_RUN} --server threaded --workload saturated --no-report"),
    (r"c10k run\b", f"{_RUN} --no-report"),
    (r"c10k load\b", "--duration 0.3s --warmup 0.2s --connections 10"),
    (r"c10k ab\b", "--budget 4s --duration 0.2 --connections 10 --force"),
    (r"c10k ui\b", "--port {ui_port}"),
    (r"locust .*ramp\.py", "--headless --ramp-steps 1,2 --ramp-step-s 1"),
    (r"locust\b", "--headless --users 2 --spawn-rate 2 --run-time 1s"),
)
"""Options of a command of c10k or Locust, by the first pattern that it has: added to it, or in the
place of those that it has. What shows its output gets no --no-report."""

STATUS: Final = {
    r"c10k compare before after": 1,  # a regression
    r"< 0\.0001": 1,  # a threshold is missed
}
"""Exit statuses other than 0."""

UNTIL: Final = {
    r"c10k serve\b": r'"port"',
    r"c10k ui\b": r"http://[^\s,]+",
}
"""Commands that run until Ctrl-C, and what they print once they are ready for it."""

PRESUMED: Final = (
    (r"\{server_port\}", "c10k serve asyncio_streams --port {server_port}"),
    (r"\{tls_port\}", "c10k serve asyncio_streams,tls=on --port {tls_port}"),
    (r"\{chat_port\}", "c10k serve websockets_asyncio --port {chat_port}"),
    (r"\{http_port\}", "python stand_in.py http {http_port}"),
    (r"\{redis_port\}", "python stand_in.py redis {redis_port}"),
    (r"--expect-workers", "c10k worker --master 127.0.0.1:{master_port}"),
    (r"--expect-workers 2", "c10k worker --master 127.0.0.1:{master_port}"),
    (
        r"c10k worker\b",
        "c10k run --master-bind 127.0.0.1:{master_port} --server threaded --workload saturated "
        f"{_RUN} --no-report --quiet",
    ),
)
"""What runs beside a command that presumes it. It is ready when its port is listened at."""

A_RUN: Final = f"c10k run --steps 10,20 {_QUICK} --quiet --no-report --out results/runs/short"
"""What makes a run for a command that reads one; a copy of it has the name that the command has."""

READS_A_RUN: Final = r"results/runs|c10k (report|export|history)\b"

VARYING: Final = (
    r"^ {4}\S|opening: ",  # what happened in a step, and while it went on
    r"clients unserved$",
    r"^  (at [\d,]+:|cannot accept)",  # what ended a search
    r"joined, its clock|was lost: |^remain",  # which workers there are
    r"^confidence: |^unsteady: ",
    r"^results/runs/",
)
"""Lines of the output shown that differ from machine to machine, or from day to day."""

NOT_COMPARED: Final = {
    r"c10k (doctor|servers)\b": "what it prints is about the machine",
    r"c10k history\b": "what it shows took weeks",
    r"c10k compare\b": "which measures differ clearly depends on the machine",
}
"""Commands whose output is not compared with the output shown, and why."""

CONCLUDING: Final = r"c10k run\b"
IN_COLUMNS: Final = r"\S {2,}\S"
"""Of what a run prints only the lines in columns are compared: what it says in sentences, such as
which server is better, depends on what else the machine does."""

NAMED_PORT: Final = re.compile(r"\{[a-z]+_port\}")

# A call of c10k or Locust up to what the shell reads as its end: outside of quotes | & ; < > or #.
_CALL: Final = re.compile(
    r"""(?<![\w/.'-])(?:c10k|locust) (?:[^'"|&;<>#]|'[^']*'|"[^"]*"|(?<=\S)#)*"""
)


def why_not(text: str) -> str:
    """Why a command is not executed; empty if it is."""
    for what, why in NOT_EXECUTED.items():
        if re.search(what, rewritten(text)):
            return why
    lacking = (each for each in PROGRAMS if each in text and not shutil.which(each))
    return next((f"{each} is not installed here" for each in lacking), "")


def rewritten(text: str) -> str:
    """The command with what REWRITTEN replaces."""
    for pattern, replacement in REWRITTEN:
        text = re.sub(pattern, replacement, text)
    return text


def calls(text: str) -> list[str]:
    """The calls of c10k and Locust in a command."""
    return [call.strip() for call in _CALL.findall(text)]


def shortened(text: str, *, shown: bool) -> str:
    """The command with what SHORTENED adds."""

    def with_options(found: re.Match[str]) -> str:
        call = found[0].rstrip()
        options = next((more for what, more in SHORTENED if re.match(what, call)), "")
        if shown:
            options = options.replace(" --no-report", "")
        for flag in re.findall(r"--(?:steps|duration|repeat|profile|connections)\b", options):
            call = re.sub(rf" {flag} \S+", "", call)
        return f"{call} {options} " if options else found[0]

    return _CALL.sub(with_options, text).rstrip()
