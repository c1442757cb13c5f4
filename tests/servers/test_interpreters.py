"""The standard library is enough: the servers run on an interpreter that has nothing else."""

import subprocess
import venv

import pytest

from c10k.servers.catalogue import CATALOGUE
from c10k.servers.catalogue.program import PythonProgram
from tests.servers.talk import receive

STANDARD = [
    name
    for name, server in CATALOGUE.items()
    if isinstance(server.program, PythonProgram) and not server.program.needs
]
EXCHANGES = {"echo": (b"hello", b"hello"), "download": (b"5\n", bytes(range(5)))}


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    """An interpreter of this version without any packages."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True, with_pip=False)
    python = folder / "bin" / "python"
    ran = subprocess.run([python, "-c", "import psutil"], capture_output=True, check=False)
    assert b"ModuleNotFoundError" in ran.stderr
    return python


@pytest.mark.parametrize("name", STANDARD)
def test_it_serves_without_any_package(name, bare_python, serve, connect):
    connection = connect(serve(f"{name},python={bare_python}"))
    request, expected = EXCHANGES[CATALOGUE[name].protocol]
    connection.sendall(request)
    assert receive(connection, 5) == expected
