"""The user's own ssh as the way to another host: how it is called, and what its failures mean.

Keys, jump hosts and names are ssh's business and its configuration's. It never prompts, since a
run may be unattended.
"""

import re
import shlex
from typing import Final

CONNECT_S: Final = 10
PYTHONS: Final = ("python3", *(f"python3.{minor}" for minor in range(20, 10, -1)))
OPTIONS: Final = (
    *("-T", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_S}"),
    *("-o", "ServerAliveInterval=2", "-o", "ServerAliveCountMax=3"),
    *("-o", "ClearAllForwardings=yes"),
)
RECEIVE: Final = "import io; exec(io.FileIO(0, closefd=False).readline())"
IS_RECENT: Final = "import sys; sys.exit(sys.version_info < (3, 11))"
NO_PYTHON: Final = "there is no Python 3.11 or later"

# What ssh says, and what to do about it.
REMEDIES: Final = (
    (
        r"host key verification failed|identification has changed",
        "compare the host's key with the one that its administrator names, then accept it with "
        "`ssh {host}`",
    ),
    (
        r"permission denied",
        "check the user's name; `ssh-copy-id {host}` permits your key there, and `ssh-add` unlocks "
        "one with a passphrase",
    ),
    (r"could not resolve", "check the host's name"),
    (
        r"refused|timed out|no route|unreachable",
        "check that the host is up and that its sshd listens: `ssh {host}`",
    ),
    (NO_PYTHON.lower(), "install it there, or name an interpreter with --serve-python"),
)


def command(host: str, python: str) -> list[str]:
    """The ssh command that starts an interpreter there, which runs the line that it is sent.

    Without `python`, the first of PYTHONS that is recent enough.
    """
    candidates = [_word(python)] if python else PYTHONS
    there = f" by the name {python}" if python else ""
    script = (
        f"for python in {' '.join(candidates)}; do "
        f'if "$python" -c {shlex.quote(IS_RECENT)} 2>/dev/null; then '
        f'exec "$python" -c {shlex.quote(RECEIVE)}; fi; done; '
        f"echo {shlex.quote(NO_PYTHON + there)} >&2; exit 127"
    )
    return ["ssh", *OPTIONS, "--", host, f"exec sh -c {shlex.quote(script)}"]


def _word(path: str) -> str:
    """A path as a word of the shell there, which knows what ~ is."""
    home, rest = ('"$HOME"/', path[2:]) if path.startswith("~/") else ("", path)
    return home + shlex.quote(rest)


def remedy(said: str, host: str) -> str:
    """What to do about what ssh said; how to see more, where that is not known."""
    for pattern, known in REMEDIES:
        if re.search(pattern, said, re.IGNORECASE):
            return known.format(host=host)
    return f"`ssh {host} true` shows whether ssh works"


def check_destination(text: str) -> None:
    """Raise ValueError for what is no destination of ssh."""
    if text and not re.fullmatch(r"[^\s-]\S*", text):
        raise ValueError("must be [USER@]HOST, as ssh takes it")
