"""The commands of README, CONTRIBUTING and docs: their words exist. `tox -e docs` executes them."""

import re
import shlex

import pytest

from c10k.cli.main import COMMANDS, build_parser
from c10k.outcome import CommandError
from docs._commands import rules
from docs._commands.comparing import lacking, masked
from docs._commands.written import ROOT, Command, blocks, inline

EXTENDING = "docs/extending.md"  # whose server and option are there only in tests/test_extending.py
WRITTEN = [command for block in blocks() for command in block if not command.python]
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


def test_every_command_parses():
    parser = build_parser()
    calls = [
        (command, call)
        for command in WRITTEN
        if command.page != EXTENDING
        for call in rules.calls(rules.rewritten(command.text))
        if call.startswith("c10k ")
    ]
    assert len(calls) > 20
    for command, call in calls:
        arguments = shlex.split(rules.NAMED_PORT.sub("1", call))[1:]
        assert refusal(parser, arguments) == "", command


def refusal(parser, arguments):
    try:
        parser.parse_args(arguments)
    except SystemExit:  # after --version and --help
        return ""
    except CommandError as error:
        return str(error)
    return ""


def test_every_option_in_a_sentence_is_one_of_its_command():
    flags = {name: options_of(name) for name in COMMANDS}
    named = [(each, OPTION.findall(re.sub("'[^']*'", "", each.text))) for each in inline()]
    assert sum(len(options) for _, options in named) > 10
    for command, options in named:
        name = command.text.split()[1]
        assert name in flags or name in ("COMMAND", "--help"), command
        assert {*options} - {"--help"} <= flags.get(name, set()), command


def options_of(name):
    (subparsers,) = (a for a in build_parser([name])._actions if a.dest == "==SUPPRESS==")
    return set(subparsers.choices[name]._option_string_actions)


def test_what_other_commands_name_is_there():
    settings = (ROOT / "tox.ini").read_text()
    named = [re.findall(r"`([^`\n]+)`", page) for page in texts()]
    commands = [*(each.text for each in WRITTEN), *(text for texts in named for text in texts)]
    for text in commands:
        for environment in re.findall(r"\btox -e ([\w-]+)", text):
            assert f"[testenv:{environment}]" in settings, text
        for module in re.findall(r"python3? -m ((?:benchmarks|docs|c10k)[\w.]*)", text):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").is_file() or path.is_dir(), text
        for path in re.findall(r"(?:pytest|-f) ((?:tests|benchmarks|loadgen)/[\w/.]+)", text):
            assert (ROOT / path).exists() or path == "tests/FILE", text


def texts():
    pages = {each.page for each in WRITTEN}
    return [(ROOT / page).read_text() for page in sorted(pages)]


@pytest.mark.parametrize(
    ("text", "executed"),
    [
        (
            "c10k load 127.0.0.1:9000 -c 5k   # most stay silent",
            "c10k load 127.0.0.1:{server_port} -c 5k MORE # most stay silent",
        ),
        (
            "echo hello | c10k client 127.0.0.1 9000",
            "echo hello | c10k client 127.0.0.1 {server_port}",
        ),
        (".venv/bin/tox -e bench -- --steps '1 # 2'", "c10k run --steps '1 # 2' MORE"),
        ("c10k serve threaded --port 9000 &", "c10k serve threaded --port {server_port} &"),
    ],
)
def test_options_are_added_where_the_command_ends(text, executed, monkeypatch):
    monkeypatch.setattr(rules, "SHORTENED", ((r"c10k (load|run)", "MORE"),))
    assert rules.shortened(rules.rewritten(text), shown=False) == executed


def test_output_is_compared_but_for_its_numbers():
    shown = "10 of 10 connections in 0.13 s\n…\n  p99  1.5 ms  worse\n"
    assert not lacking(shown, "noise\n1,000 of 1,000 connections in\n2 s\np99 12 µs worse", ())
    assert lacking(shown, "10 of 10 connections in 0.13 s\np99 1.5 ms better", ()) == [
        "  p99  1.5 ms  worse"
    ]
    assert lacking("always\n    sometimes\n", "always", (r"^ {4}\S",)) == []
    assert masked("2.3× [1.7 to 1.8], at 85f5c11 on 2026-11-11: 1, 2, 1,000 or —") == (
        "#, at # on #: # or #"
    )


def test_a_block_is_split_into_commands(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ one \\\n    more\nshown\n$ two\n```\n\n"
        "```\n# a comment\nthree\n\nfour\n```\n"
        "```text\nno command\n```\n\n```\n$ five\nshown too\n```\n"
    )
    monkeypatch.setattr("docs._commands.written.ROOT", tmp_path)
    assert list(blocks()) == [
        [Command("page.md", 2, "one more", "shown\n"), Command("page.md", 5, "two")],
        [Command("page.md", 10, "three"), Command("page.md", 12, "four")],
        [Command("page.md", 19, "five", "shown too\n")],
    ]
