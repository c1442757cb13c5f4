"""The servers that can be measured."""

from collections.abc import Mapping

from servers.catalogue.program import PythonProgram
from servers.catalogue.spec import Server

_ECHO: Mapping[str, str] = {
    "handler": "what is done with each read: none, sleep:5ms or cpu:5ms (none)",
    "buffer": "bytes a read asks for (1024)",
    "backlog": "connections that may wait for accept (as many as the host allows)",
}
_PYTHON: Mapping[str, str] = {
    **_ECHO,
    "python": "another interpreter, python3.13 or a path (the one that runs c10k)",
    "gil_hog": "HOLD:RELEASE, a thread that holds the GIL for so long, then lets go: 10ms:5ms",
}
_ASYNCIO: Mapping[str, str] = {"loop": "asyncio, uvloop or rloop (asyncio)", **_PYTHON}

_CAST = (
    Server(
        name="threaded",
        model="a thread a connection",
        language="Python",
        summary="blocking sockets, every connection in a thread of its own",
        program=PythonProgram("threaded"),
        options={"stack": "bytes of stack a thread, 256k or 8m (ulimit -s)", **_PYTHON},
        threads_per_connection=1,
    ),
    Server(
        name="asyncio_streams",
        model="an event loop",
        language="Python",
        summary="asyncio's streams, every connection in a coroutine of one thread",
        program=PythonProgram("asyncio_streams"),
        options=_ASYNCIO,
    ),
)

CATALOGUE: Mapping[str, Server] = {server.name: server for server in _CAST}
