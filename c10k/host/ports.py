"""Whether a server can listen at an address, and ports that nothing listens on."""

import socket

from c10k.outcome import CommandError


def why_taken(host: str, port: int = 0) -> str:
    """Why nothing can listen there; empty if a server can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def check_free(host: str, port: int) -> None:
    """Raise CommandError if nothing can listen there, in the same words for every server."""
    if why := why_taken(host, port):
        raise CommandError(
            f"cannot listen: {why}; choose another --port or address, or end the program that has "
            "it"
        )


def free_port() -> int:
    """A port of the loopback that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
