"""SPEC, as people type it, and the command that comes of it."""

import gc
import sys

import pytest

from c10k.servers.catalogue import CATALOGUE, Endpoint, SpecError, parse_spec
from c10k.servers.catalogue.process_options import PROCESS_OPTIONS
from c10k.servers.catalogue.program import plain
from c10k.servers.framework.command_line import CommandLine
from c10k.servers.framework.options import OPTIONS

VALUES = {
    "backlog": "1k",
    "buffer": "1KiB",
    "gc": "off",
    "gil_hog": "1ms:2ms",
    "handler": "sleep:1m30s",
    "loop": "uvloop",
    "pool": "off",
    "size": "1m",
    "stack": "256k",
    "threads": "2",
    "tls": "on",
    "unix": "on",
    "workers": "1k",
}
REFUSED = [
    f"{name},{option}=bananas"
    for name, entry in CATALOGUE.items()
    for option in [*entry.options, *PROCESS_OPTIONS]
    if option != "python"  # one that is not there may yet be installed
]


def test_a_name_alone_is_the_server_as_it_is():
    for name, entry in CATALOGUE.items():
        spec = parse_spec(name)
        assert (spec.server, spec.text, spec.options) == (entry, name, {})
        assert entry.model
        assert entry.summary.split()[0] in ("a", "an", "the"), "the first line of its file has both"


@pytest.mark.parametrize("name", OPTIONS)
def test_a_python_server_reads_each_of_its_options_as_the_catalogue_does(name, monkeypatch):
    given = {option: VALUES[option] for option in OPTIONS[name]}
    spec = parse_spec(",".join([name, *(f"{key}={value}" for key, value in given.items())]))
    command = spec.launch(Endpoint()).command
    assert command[:1] + command[2:3] == [sys.executable, name]
    monkeypatch.setattr(sys, "argv", command[2:])
    options = vars(CommandLine(name, "").options)
    for key, value in given.items():
        # The command has a handler's time in microseconds.
        assert options[key] == pytest.approx(OPTIONS[name][key].read(value)) or key == "handler"
    assert options.keys() - OPTIONS[name].keys() == {"host", "port", "verbose"}


def test_gc_off_stops_the_collector_of_what_serves(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["asyncio_workers", "--gc", "off"])
    command_line = CommandLine("asyncio_workers", "")
    try:
        command_line.begin_work()
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize("text", REFUSED)
def test_a_wrong_value_of_any_option_is_refused_before_anything_starts(text):
    with pytest.raises(SpecError, match=f"^{text.partition(',')[2]}: .*") as caught:
        parse_spec(text)
    assert "\n" not in str(caught.value)


def test_every_default_is_a_value_of_its_option():
    for entry in CATALOGUE.values():
        for option in entry.options.values():
            if option.default is not None:
                assert plain(option, option.default)


@pytest.mark.parametrize(
    ("spec", "arguments"),
    [
        ("threaded,stack=256k,buffer=4096", "--stack 262144 --buffer 4096"),
        ("boost_threads,stack=256KiB", "--stack 262144"),
        ("boost_asio,buffer=1g", "--buffer 1073741824"),
        ("node,handler=sleep:1m30s", "--handler sleep:90000000.000us"),
        ("boost_asio,handler=cpu:0.5us", "--handler cpu:0.500us"),
        ("node,handler=none", "--handler none"),
    ],
)
def test_options_become_arguments_that_every_language_reads(spec, arguments):
    command = parse_spec(spec).launch(Endpoint("127.0.0.2", 9000)).command
    assert " ".join(command).endswith(f" --host 127.0.0.2 --port 9000 {arguments}")


WRONG = {
    "thread": "no server is called 'thread': did you mean 'threaded'? Known: threaded, ",
    "": "no server is called ''. Known: threaded",
    "threaded,stak=1m": "did you mean 'stack'? Known: stack, handler",
    "asyncio_streams,stack=1m": "Known: loop, handler",
    "files,handler=sleep:5ms": "files has no option 'handler'",
    "threaded,stack": "write stack=VALUE",
    "threaded,stack=": "write stack=VALUE",
    "threaded,stack=1m,stack=2m": "leave one out",
    "threaded,stack=bananas": "such as 64, 256k or 1m; got 'bananas'",
    "threaded,handler=nap:5ms": "a handler is none, sleep:5ms or cpu:5ms, not 'nap:5ms'",
    "threaded,handler=cpu:5": "a time is written 5ms, 250us or 1.5s",
    "threaded,gil_hog=5ms": "a GIL hog is HOLD:RELEASE, such as 10ms:5ms",
    "asyncio_workers,loop=uvlop": "one of asyncio, uvloop, rloop",
    "threaded,limit=4g": "a limit is NAME:VALUE, such as as:4g",
    "threaded,limit=foo:1": "limit=foo:1: there is no limit 'foo'; there are as, core, cpu, ",
    "threaded,stack=16k": "stack=16k: must be from 32k to 64g",
    "boost_threads,stack=1024g": "must be from 32k to 64g",
    "threaded,buffer=0": "buffer=0: must be from 1 to 1g",
    "node,buffer=2g": "must be from 1 to 1g",
    "boost_asio,threads=0": "threads=0: must be from 1 to 20000",
    "threaded,backlog=-1": "backlog=-1: a count is a whole number, such as 100, 1,000 or 10k",
    "nginx,connections=0": "connections=0: must be from 2 to 10m",
    "apache_event,workers=0": "workers=0: must be from 1 to 20000",
    "apache_prefork,start=20001": "start=20001: must be from 1 to 20000",
    "files,size=1025g": "must be from 1 to 1024g",
    "threaded,cpus=1-0": "CPUs are written 1, 0-1 or 0+2",
    "threaded,cpus=0-999999999": "no machine has a CPU 999999999",
    "threaded,python=/bin/true": "python=/bin/true: it is not an interpreter of Python 3",
    "threaded,python=/bin/sh": "it is not an interpreter of Python 3",
    "threaded,buffer=1\n2": r"buffer='1\n2': a size is",
    f"threaded,backlog={'9' * 5000}": "9…: a count is a whole number",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_spec_is_answered_with_the_remedy_in_a_line(text):
    with pytest.raises(SpecError) as caught:
        parse_spec(text)
    assert WRONG[text] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_cpus_that_are_not_here_keep_a_server_from_running_here():
    assert parse_spec("threaded,cpus=0").missing == ""
    assert parse_spec("threaded,cpus=0+8191").missing.startswith("the last CPU is ")
