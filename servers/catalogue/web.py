"""The real web servers, each with a configuration, a document and a directory of its own.

The configuration names no path but those of the system: the server runs in its directory, whatever
its name. It reaches its document through /proc/self/cwd. Workers may follow that even after they
gave up root's rights, when the directory is in a folder that only root may enter.
"""

import grp
import os
import pwd
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from ..framework.tls import CERTIFICATE, write_certificate
from .program import Endpoint, Launch, free_port

BACKLOG: Final = 65_535  # listen(2) lowers it to net.core.somaxconn: as many as this host allows
DOCUMENT: Final = b"x" * 63 + b"\n"  # as long as the messages of an echo
DOCUMENTS: Final = Path("documents")  # their folder, in the directory of the server
ROOT: Final = Path("/proc/self/cwd") / DOCUMENTS
UNPRIVILEGED: Final = "nobody"  # on every system, unlike www-data
SYSTEM_PROGRAMS: Final = "/usr/local/sbin:/usr/sbin:/sbin"  # not on every user's PATH


@dataclass(frozen=True)
class WebServer:
    """A program, the Debian package that installs it, and another file of that package, if needed.

    `configure` makes the text of PROGRAM.conf, which is in the directory that the program runs in,
    from the options and an endpoint whose port is known.
    """

    program: str
    package: str
    arguments: Sequence[str]
    configure: Callable[[Mapping[str, str], Endpoint], str]
    needs: Path | None = None

    def missing(self, options: Mapping[str, str]) -> str:
        """See Program."""
        found = _find(self.program) and (self.needs is None or self.needs.exists())
        return "" if found else f"sudo apt install {self.package}"

    def launch(self, options: Mapping[str, str], endpoint: Endpoint) -> Launch:
        """See Program."""
        port = endpoint.port or free_port(endpoint.host)
        own = endpoint.directory.absolute() / f"{self.program}-{port}"
        at = Endpoint(endpoint.host, port, own, endpoint.verbose)
        return Launch(
            [_find(self.program) or self.program, *self.arguments],
            (endpoint.host, port),
            prepare=partial(self._prepare, options, at),
            directory=own,
            certificate=own / CERTIFICATE if options.get("tls") == "on" else None,
        )

    def _prepare(self, options: Mapping[str, str], endpoint: Endpoint) -> None:
        documents = endpoint.directory / DOCUMENTS
        documents.mkdir(parents=True, exist_ok=True)
        for path in (endpoint.directory, documents):
            path.chmod(0o755)  # whatever the umask is: see above
        (documents / "index.html").write_bytes(DOCUMENT)
        (documents / "index.html").chmod(0o644)
        if options.get("tls") == "on":
            write_certificate(endpoint.host, endpoint.directory)
        (endpoint.directory / f"{self.program}.conf").write_text(self.configure(options, endpoint))


def user_and_group() -> tuple[str, str] | None:
    """Return whom workers become that root starts; None if another user starts them."""
    if os.geteuid() != 0:
        return None
    user = pwd.getpwnam(UNPRIVILEGED)
    return user.pw_name, grp.getgrgid(user.pw_gid).gr_name


def _find(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:{SYSTEM_PROGRAMS}")
