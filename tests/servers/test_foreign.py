"""Programs of the user's: how they are written, started, awaited and ended."""

import socket
import subprocess

import pytest

from c10k.servers.catalogue import Endpoint, SpecError, parse_command
from c10k.servers.catalogue.foreign import in_environment
from c10k.servers.process import ServerProcess, ServerStartError

pytestmark = pytest.mark.system


def test_a_command_line_becomes_a_server(tmp_path):
    definition = "mine=./server --port {port} --bind={host} 'two \nwords' {\"a\":1} '{x' '' =%"
    spec = parse_command(definition, tmp_path)
    launch = spec.launch(Endpoint("127.0.0.2", 9000))
    assert launch.command == [
        *("./server", "--port", "9000", "--bind=127.0.0.2", "two \nwords", "{a:1}"),
        *("{x", "", "=%"),
    ]
    assert launch.address == ("127.0.0.2", 9000)
    assert launch.directory == tmp_path
    assert (spec.text, spec.server.name) == ("mine", "mine")
    assert (spec.server.protocol, spec.server.request) == ("echo", {})
    assert spec.server.model == "any"
    chosen = spec.launch(Endpoint())  # a port, where none is given
    assert chosen.command[2] == str(chosen.address[1])
    assert 1024 < chosen.address[1] < 65536


def test_options_stand_between_the_name_and_the_command(tmp_path):
    spec = parse_command(
        "w,protocol=http,path=/x,cpus=0-1,model=event loop=s a=b,c=d {port}", tmp_path
    )
    assert (spec.text, spec.server.protocol, spec.server.request) == ("w", "http", {"path": "/x"})
    assert (spec.cpus, spec.server.model) == ((0, 1), "event loop")
    assert spec.launch(Endpoint(port=1)).command == ["s", "a=b,c=d", "1"]


@pytest.mark.parametrize(
    ("options", "request_"),
    [
        ("protocol=http", {"path": "/"}),
        (
            r"protocol=raw,send=GET a\x2cb\x3d1\r\n,expect=7",
            {"send": "GET a,b=1\r\n", "expect_bytes": 7},
        ),
    ],
)
def test_a_protocol_says_what_is_asked(options, request_, tmp_path):
    assert parse_command(f"kv,{options}=server {{port}}", tmp_path).server.request == request_


@pytest.mark.parametrize(
    ("definition", "remedy"),
    [
        ("", "NAME=COMMAND LINE, such as 'mine=./server --port {port}'"),
        ("./server --port {port}", "a command is NAME=COMMAND LINE"),
        ("./server --port={port}", "a command is NAME=COMMAND LINE"),
        ("=./server {port}", "a command is NAME=COMMAND LINE"),
        ("mine=", "mine: say where its port goes"),
        ("mine=./server", "mine=env PORT={port} ./server"),
        ("mine=./server '{port}", "mine: No closing quotation"),
        ("threaded=./server {port}", "choose another name"),
        ("m,protocl=raw=s {port}", "did you mean 'protocol'?"),
        ("m,stack=1m=s {port}", "m has no option 'stack'. Known: protocol"),
        ("m,protocol=ftp=s {port}", "must be one of echo, http, websocket, raw"),
        ("m,protocol=raw=s {port}", "needs send=BYTES and expect=N"),
        (
            "m,protocol=raw,send=a,expect=x=s {port}",
            "expect=x: a size is a number of bytes",
        ),
        (r"m,protocol=raw,send=\x,expect=1=s {port}", r"send=\x: "),
        ("m,send=a=s {port}", "send is not for protocol=echo"),
        (
            "m,protocol=http,expect=1=s {port}",
            "expect is not for protocol=http",
        ),
        ("m,cpus=one=s {port}", "CPUs are written 1"),
    ],
)
def test_a_wrong_definition_is_answered_with_the_remedy(definition, remedy, tmp_path):
    with pytest.raises(SpecError) as caught:
        parse_command(definition, tmp_path)
    assert remedy in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_program_that_is_not_there_is_missing(tmp_path, monkeypatch):
    script = tmp_path / "server"
    assert parse_command("m=./server {port}", tmp_path).missing == (
        f"there is no program './server' in {tmp_path}"
    )
    assert "in the folders of PATH" in parse_command("m=no-such {port}", tmp_path).missing
    script.write_text("#!/bin/sh\n")
    assert parse_command("m=./server {port}", tmp_path).missing, "it cannot be executed"
    script.chmod(0o755)
    monkeypatch.chdir("/")
    assert parse_command("m=./server {port}", tmp_path).missing == ""
    assert parse_command("m=sh -c {port}", tmp_path).missing == ""


def test_another_that_has_the_port_is_not_taken_for_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = other.getsockname()
        server = ServerProcess("mine", ["sleep", "300"], log=tmp_path / "log", address=address)
        with pytest.raises(ServerStartError, match="mine: the port is in use"), server:
            pass


def test_a_connection_with_itself_is_not_taken_for_it(tmp_path, monkeypatch):
    connect = socket.create_connection
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = free.getsockname()
    looped = []

    def with_itself(target, timeout):
        """What the kernel does where it chooses the port that is connected to."""
        looped.append(connect(target, timeout, source_address=target))
        return looped[-1]

    monkeypatch.setattr(socket, "create_connection", with_itself)
    server = ServerProcess(
        "mine", ["sleep", "300"], log=tmp_path / "log", address=address, ready_timeout_s=0.1
    )
    with pytest.raises(ServerStartError, match="does not listen"), server:
        pass
    assert looped
    with socket.socket() as listener:  # without SO_REUSEADDR
        listener.bind(address)


def test_a_program_gets_the_variables_of_an_environment(tmp_path):
    variables = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SAID": "two 'words'"}
    asked = in_environment("mine,protocol=http=sh -c 'echo $SAID; echo {port}'", variables)
    spec = parse_command(asked, tmp_path)
    assert (spec.text, spec.server.protocol) == ("mine", "http")
    command = spec.launch(Endpoint(port=1)).command
    assert subprocess.check_output(command, text=True) == "two 'words'\n1\n"
