"""Three hosts as network namespaces: one for servers, with an sshd of its own, two for loaders."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from benchmarks.reliability.namespaces import inside_of, ip, missing

SERVER, LOADER, OTHER_LOADER = ADDRESSES = "10.99.0.1", "10.99.0.2", "10.99.0.3"
PORT, PORT_BESIDE = 22, 2222
SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
END_S = 30


class Hosts:
    """The hosts. In ssh's configuration `server` is another machine, as far as can be seen: its
    kernel has another boot id. `beside` is the same one.
    """

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self.names = [f"c10k{os.getpid()}{role}" for role in ("server", "loader", "other")]
        self.server, self.loader, self.other_loader = self.names
        for name in self.names:
            ip("netns", "add", name)
            stack.callback(ip, "netns", "delete", name)
        stack.callback(self._end_sessions)
        ip("-n", self.server, "link", "add", "hub", "type", "bridge")
        inside = zip(self.names, ADDRESSES, ("hub", "uplink", "uplink"), strict=True)
        for name, address, device in inside:
            if device == "uplink":
                port = f"to-{name[-6:]}"
                ip("-n", name, "link", "add", device, "type", "veth", "peer", port)
                ip("-n", name, "link", "set", port, "netns", self.server)
                ip("-n", self.server, "link", "set", port, "master", "hub", "up")
            ip("-n", name, "address", "add", f"{address}/24", "dev", device)
            ip("-n", name, "link", "set", device, "up")
            ip("-n", name, "link", "set", "lo", "up")
        self._keys_and_configurations()
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd gives up its rights
        (directory / "boot_id").write_text("another machine\n")
        elsewhere = f"mount --bind {directory}/boot_id /proc/sys/kernel/random/boot_id && "
        for port, where in ((PORT, elsewhere), (PORT_BESIDE, "")):
            script = f"{where}exec {SSHD} -D -e -f {directory}/sshd_config -p {port}"
            command = inside_of(self.server, "unshare", "--mount", "sh", "-c", script)
            with (directory / "sshd.log").open("ab") as log:
                sshd = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log)
            stack.callback(sshd.wait)
            stack.callback(sshd.terminate)
        for port in (PORT, PORT_BESIDE):
            wait_until(lambda port=port: self._listens(port))

    def command(self, *arguments: object, host: str = "") -> list[str]:
        """A c10k command on a host, on the first of the loaders unless one is named."""
        c10k = [sys.executable, "-m", "c10k", *map(str, arguments)]
        return inside_of(host or self.loader, *c10k)

    def environment(self) -> dict[str, str]:
        """One in which ssh has the configuration of these hosts."""
        return {**os.environ, "PATH": f"{self.directory}/bin:{os.environ['PATH']}"}

    def processes(self) -> set[int]:
        """Those on the server's host, without sshd's, which may wait for a link to come back."""
        listed = map(int, ip("netns", "pids", self.server).split())
        return {pid for pid in listed if name_of(pid) not in ("", "sshd")}

    def set_link(self, state: str) -> None:
        """Set the link of the first loader up or down."""
        ip("-n", self.loader, "link", "set", "uplink", state)

    def left(self) -> set[int]:
        """What runs on the server's host, once it has had the time to end."""
        with suppress(AssertionError):
            wait_until(lambda: not self.processes())
        return self.processes()

    def _end_sessions(self) -> None:
        """End the sshds of a link that went down: they would wait for it for minutes."""
        for pid in ip("netns", "pids", self.server).split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)

    def _keys_and_configurations(self) -> None:
        where = self.directory
        for name in ("host", "user", "stranger"):
            make = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", where / f"{name}_key")
            subprocess.run(make, check=True)
        (where / "authorized").write_text((where / "user_key.pub").read_text())
        public = (where / "host_key.pub").read_text()
        known = (f"{SERVER} {public}", f"[{SERVER}]:{PORT_BESIDE} {public}")
        (where / "known_hosts").write_text("".join(known))
        (where / "sshd_config").write_text(
            f"ListenAddress {SERVER}\nHostKey {where}/host_key\nPidFile none\nStrictModes no\n"
            f"AuthorizedKeysFile {where}/authorized\nPasswordAuthentication no\nUsePAM no\n"
            "KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
            f"SetEnv TMPDIR={where}/temporary\nUseDNS no\n"
        )
        (where / "temporary").mkdir()
        (where / "ssh_config").write_text(
            f"Host beside\n  Port {PORT_BESIDE}\nHost closed\n  Port 9\n"
            f"Host stranger\n  IdentityFile {where}/stranger_key\n"
            f"Host unknown\n  UserKnownHostsFile {where}/none\n"
            f"Host * !stranger\n  IdentityFile {where}/user_key\n"
            f"Host *\n  HostName {SERVER}\n  User root\n"
            f"  IdentitiesOnly yes\n  IdentityAgent none\n"
            f"  UserKnownHostsFile {where}/known_hosts\n  GlobalKnownHostsFile none\n"
        )
        ssh = where / "bin" / "ssh"
        ssh.parent.mkdir()
        ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {where}/ssh_config "$@"\n')
        ssh.chmod(0o755)

    def _listens(self, port: int) -> bool:
        found = subprocess.run(
            inside_of(self.server, "ss", "-Hltn", f"sport = :{port}"), capture_output=True
        )
        return bool(found.stdout)


def name_of(pid: int) -> str:
    """The name of a process; empty once it has ended."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return process.name() if process.status() != psutil.STATUS_ZOMBIE else ""
    return ""


def wait_until(condition):
    deadline = time.monotonic() + END_S
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    if why := missing("ss", "ssh", "ssh-keygen", SSHD or "sshd"):
        pytest.skip(why)
    with ExitStack() as stack:
        yield Hosts(tmp_path_factory.mktemp("hosts"), stack)
