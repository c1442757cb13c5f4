"""Any Python from 3.8 on is enough: the servers run on one that has the standard library alone."""

import ast
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from c10k.servers.catalogue import CATALOGUE
from c10k.servers.catalogue.program import FOLDER
from c10k.servers.framework.options import OPTIONS
from tests.servers.talk import receive, served

pytestmark = pytest.mark.system

STANDARD = [name for name in OPTIONS if not CATALOGUE[name].program.needs]
IMPORT_ALL = f"import {', '.join(f'servers.{name}' for name in STANDARD)}"


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    """An interpreter of this version without any packages."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True, with_pip=False)
    python = folder / "bin" / "python"
    ran = subprocess.run([python, "-c", "import psutil"], capture_output=True, check=False)
    assert b"ModuleNotFoundError" in ran.stderr
    return python


def test_the_servers_need_no_package(bare_python, serve, connect):
    subprocess.run([bare_python, "-c", IMPORT_ALL], cwd=FOLDER.parent, check=True, timeout=30)
    connection = connect(serve(f"files,python={bare_python}"))
    connection.sendall(b"5\n")
    assert receive(connection, 5) == bytes(range(5))


def test_python_3_8_can_read_them():
    for path in [*FOLDER.glob("framework/*.py"), *(FOLDER / f"{name}.py" for name in OPTIONS)]:
        ast.parse(path.read_text(), path.name, feature_version=(3, 8))


def test_python_3_8_serves(serve, connect):
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for python in filter(
        None, [*pyenv.glob("versions/3.8.*/bin/python"), shutil.which("python3.8")]
    ):
        if subprocess.run([python, "-V"], capture_output=True, check=False).returncode == 0:
            for spec in (
                "threaded,stack=256k,gil_hog=1ms:1ms",
                "prefork,workers=2",
                "asyncio_buffered",
            ):
                assert served(connect(serve(f"{spec},python={python}")))
            return
    pytest.skip("Python 3.8 is not installed: pyenv install 3.8")


@pytest.mark.parametrize(
    "command",
    [["-m", "servers.threaded"], ["-m", "c10k.servers.threaded"], ["servers", "threaded"]],
)
def test_a_server_may_be_started_by_hand(command):
    ran = subprocess.run(
        [sys.executable, *command, "--stack", "256k", "--port", "70000"],
        cwd=FOLDER.parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.stderr == "threaded: cannot listen: bind(): port must be 0-65535.\n"
