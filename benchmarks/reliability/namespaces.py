"""Network namespaces, which serve as hosts: what they need, and how commands get into them."""

import os
import shutil
import subprocess


def missing(*programs: str) -> str:
    """Why there can be no such hosts here, with these programs; empty if there can."""
    lacks = [name for name in ("ip", "nsenter", "unshare", *programs) if not shutil.which(name)]
    lacks += ["root's rights"] * (os.geteuid() != 0)
    if lacks:
        return f"network namespaces need {', '.join(lacks)}"
    tried = subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True, text=True)
    if tried.returncode:
        return f"no network namespace can be made here: {tried.stderr.strip()}"
    return ""


def run(*command: str) -> str:
    """What a command prints. Raises CalledProcessError."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def ip(*arguments: str) -> str:
    """What ip prints. Raises CalledProcessError."""
    return run("ip", *arguments)


def inside_of(host: str, *command: str) -> list[str]:
    """A command on a host."""
    return ["nsenter", f"--net=/run/netns/{host}", *command]
