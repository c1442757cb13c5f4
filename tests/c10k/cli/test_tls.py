"""TLS as people use it: `c10k serve` says where the certificate is, and `c10k load` trusts it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from c10k.cli.main import main
from c10k.results.store import read_run
from c10k.servers.catalogue import parse_command, parse_spec
from c10k.servers.catalogue.program import FOLDER
from tests.c10k.cli.conftest import SMALLEST

pytestmark = pytest.mark.system

SHORT = ("-c", "2", "-d", "200ms", "--warmup", "0")


@pytest.fixture
def echo(tmp_path):
    """An echo server over TLS: its address, and a file with its certificate."""
    with parse_spec("threaded,tls=on").process(log=tmp_path / "log") as server:
        (tmp_path / "ca.pem").write_text(server.certificate)
        yield f"127.0.0.1:{server.port}", str(tmp_path / "ca.pem")


@pytest.fixture
def load(capsys):
    """Load: the exit status, and the figures or the line that says why not."""

    def run(*arguments):
        status = main(["load", *SHORT, "--json", "-", *arguments])
        said = capsys.readouterr()
        return status, json.loads(said.out) if said.out else said.err

    return run


def test_a_certificate_that_is_given_is_trusted(echo, load):
    address, certificate = echo
    status, figures = load(f"tls://{address}", "--tls-ca", certificate)
    assert status == 0
    assert figures["errors"] == {}
    assert 0 < figures["handshake_ms"]["p50"] < figures["connect_ms"]["p50"] * 1.1
    assert figures["loader"]["ceiling_messages_per_s"] is None


def test_without_it_one_line_names_the_remedies(echo, load):
    address, _ = echo
    status, line = load(address, "--tls")
    assert status == 3
    assert line.count("\n") == 1
    assert "does not verify" in line
    assert "--tls-ca FILE" in line
    status, figures = load(address, "--tls", "--tls-insecure")
    assert (status, figures["errors"]) == (0, {})


def test_a_plain_server_has_no_handshake_and_a_plain_load_none_either(tmp_path, load):
    with parse_spec("threaded").process(log=tmp_path / "log") as server:
        status, line = load(f"tls://127.0.0.1:{server.port}", "--tls-insecure")
        assert status == 3
        assert "(tls_handshake): does what listens there speak TLS" in line
        status, figures = load(f"127.0.0.1:{server.port}", "--no-ceiling")
    assert status == 0
    assert set(figures["handshake_ms"].values()) == {None}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--tls-insecure",), "need --tls"),
        (("--tls", "--tls-ca", "/nowhere"), "--tls-ca: /nowhere cannot be used: No such file"),
        (("--tls", "--tls-ca", __file__), "cannot be used: there are no certificates in PEM"),
        (("--tls", "--tls-ca", "/dev/null"), "cannot be used: there are no certificates in PEM"),
        (("--tls", "--tls-ca", ""), "cannot be used: Is a directory"),
        (("--tls", "--tls-ca", sys.executable), "cannot be used: 'utf-8' codec"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(load, options, said):
    status, line = load("127.0.0.1:9", *options)
    assert status == 2
    assert said in line
    assert line.count("\n") == 1


def test_serve_says_where_the_certificate_is_and_takes_it_away(load):
    command = [sys.executable, "-m", "c10k", "serve", "asyncio_streams,tls=on"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as serving:
        try:
            said = json.loads(serving.stdout.readline())
            certificate = said["certificate"]
            status, figures = load(f"tls://localhost:{said['port']}", "--tls-ca", certificate)
        finally:
            serving.terminate()
            serving.wait(20)
    assert (status, figures["errors"]) == (0, {})
    assert not Path(certificate).exists()


def test_a_program_of_the_users_own_is_given_a_certificate(tmp_path, load):
    code = (
        "import asyncio, ssl, sys\n"
        "async def echo(r, w):\n"
        "    while data := await r.read(9999): w.write(data)\n"
        "async def main(port, certificate, key):\n"
        "    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain(certificate, key)\n"
        "    await (await asyncio.start_server(echo, '127.0.0.1', port, ssl=c)).serve_forever()\n"
        "asyncio.run(main(*sys.argv[1:]))\n"
    )
    (tmp_path / "own.py").write_text(code)
    words = f"{sys.executable} own.py {{port}} {{certificate}} {{key}}"
    spec = parse_command(f"own,tls=on={words}", tmp_path)
    with spec.process(log=tmp_path / "logs" / "log") as server:
        (tmp_path / "ca.pem").write_text(server.certificate)
        status, figures = load(
            f"127.0.0.1:{server.port}", "--tls", "--tls-ca", str(tmp_path / "ca.pem")
        )
    assert (status, figures["errors"]) == (0, {})
    assert not list(tmp_path.rglob("key.pem"))


@pytest.mark.parametrize("how", [(), ("--workers", "1")], ids=["here", "by a worker"])
def test_a_run_verifies_a_server_by_its_certificate(tmp_path, capsys, how):
    servers = ("--server", "asyncio_protocol", "--server", "asyncio_protocol,tls=on")
    out = tmp_path / "run"
    arguments = (*servers, "--steps", "5", *SMALLEST, "--out", str(out), *how)
    assert main(["run", *arguments]) == 0, capsys.readouterr().err
    plain, secured = (
        row
        for server in ("asyncio_protocol", "asyncio_protocol,tls=on")
        for row in read_run(out).steps.to_dict("records")
        if row["server"] == server
    )
    assert plain["status"] == secured["status"] == "ok"
    assert secured["connect_p50_ms"] > plain["connect_p50_ms"]


def test_a_run_says_that_a_certificate_does_not_verify(tmp_path):
    """A program that is given one, and shows another."""
    command = (
        f"own,tls=on=sh -c 'exec {sys.executable} {FOLDER} threaded --tls on --port {{port}}' "
        "{certificate} {key}"
    )
    out = tmp_path / "run"
    main(["run", "--command", command, "--steps", "2", *SMALLEST, "--out", str(out)])
    (step,) = read_run(out).steps.to_dict("records")
    assert step["status"] == "failed"
    assert "tls_certificate" in step["reason"]
