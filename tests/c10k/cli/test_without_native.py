"""The commands where the native engine is not built work, and say in one line what is lost."""

import json

import pytest

from c10k.servers.catalogue import parse_spec
from tests.c10k.cli.conftest import SMALLEST, c10k

# One run at a time on a machine: they would measure each other.
pytestmark = [pytest.mark.system, pytest.mark.xdist_group("runs")]

# One process for several commands: exit status, standard output and standard error of each.
CODE = """
import contextlib, io, json, sys
sys.modules["c10k.loadgen.native.engine"] = sys.modules["c10k.loadgen.native.hiccups"] = None
from c10k.cli.main import main
ended = []
for command in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(command)
    ended.append((status, out.getvalue(), err.getvalue()))
print(json.dumps(ended))
"""
LOSS = "the native engine is not built here"


def test_every_command_goes_on_with_the_portable_engine(tmp_path):
    with parse_spec("asyncio_streams").process(log=tmp_path / "log") as server:
        target = f"127.0.0.1:{server.port}"
        small = ("--server", "asyncio_streams", "--steps", "5", *SMALLEST, "--out", "run")
        commands = [
            ["doctor", "-c", "10"],
            ["load", target, "-c", "5", "-d", "0.3", "--json", "-"],
            ["load", target, "--engine", "native"],
            ["run", *small],
        ]
        shown = c10k(json.dumps(commands), code=CODE, cwd=tmp_path)
    doctor, load, forced, run = json.loads(shown.stdout)

    status, out, _ = doctor
    assert status == 0
    assert "the portable engine drives the load" in out
    assert LOSS in out

    status, out, err = load
    assert (status, err.count("\n"), LOSS in err) == (0, 1, True)
    figures = json.loads(out)
    assert (figures["engine"], figures["errors"]) == ("portable", {})
    assert figures["received"] > 5

    status, _, err = forced
    assert (status, "not built here" in err) == (3, True)

    status, out, err = run
    assert (status, err.count("\n"), LOSS in err) == (0, 1, True)
    assert json.loads((tmp_path / "run/run.json").read_text())["engine"] == "portable"
    assert "rate_50          5  " in out
