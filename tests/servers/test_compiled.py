"""CompiledProgram: what it builds, when, and what it says where it cannot."""

import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from c10k.servers.catalogue import Endpoint, parse_spec
from c10k.servers.catalogue.compiled import CompiledProgram
from c10k.servers.process import ServerStartError

pytestmark = pytest.mark.system

CMAKE_LISTS = """
cmake_minimum_required(VERSION 3.16)
project(tiny LANGUAGES CXX)
add_executable(tiny tiny.cpp)
"""
MAIN = """
#include "framework/word.hpp"
#include <cstdio>
int main() { std::puts(WORD); }
"""
needs_compiler = pytest.mark.skipif(
    bool(CompiledProgram("boost_asio").missing({})),
    reason=CompiledProgram("boost_asio").missing({}),
)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "c10k" / "built"


@pytest.fixture
def folder(tmp_path, cache):
    """The sources of a program that builds in a second."""
    folder = tmp_path / "sources"
    (folder / "framework").mkdir(parents=True)
    (folder / "CMakeLists.txt").write_text(CMAKE_LISTS)
    (folder / "tiny.cpp").write_text(MAIN)
    say(folder, '"one"')
    return folder


def say(folder, word):
    (folder / "framework" / "word.hpp").write_text(f"#define WORD {word}\n")


def launch(folder):
    return CompiledProgram("tiny", folder).launch({}, Endpoint())


def output(program):
    return subprocess.run([program], capture_output=True, text=True, timeout=30, check=True).stdout


def path_with(directory, *tools):
    """A PATH on which there is nothing but these tools."""
    directory.mkdir()
    for tool in tools:
        found = shutil.which(tool)
        assert found
        (directory / tool).symlink_to(found)
    return str(directory)


@needs_compiler
def test_it_is_built_when_first_needed_and_again_after_an_edit(folder, cache, capfd):
    first = launch(folder)
    assert not cache.exists(), "launch() only says where it will be"
    first.prepare()
    said = capfd.readouterr().err.splitlines()
    assert said[0] == "tiny: building it, once"
    assert said[1].startswith("tiny: built in ")
    assert len(said) == 2

    launch(folder).prepare()
    assert capfd.readouterr().err == "", "it was there"

    say(folder, '"two"')
    second = launch(folder)
    with ThreadPoolExecutor(2) as builders:  # two may build it at once
        for built in [builders.submit(second.prepare) for _ in range(2)]:
            built.result()
    assert output(second.command[0]) == "two\n"
    assert output(first.command[0]) == "one\n", "versions coexist"
    assert sorted(map(str, cache.iterdir())) == sorted([first.command[0], second.command[0]])


@needs_compiler
def test_a_build_that_fails_names_the_error_and_leaves_nothing(folder, cache):
    say(folder, "without_quotes")
    with pytest.raises(ServerStartError) as caught:
        launch(folder).prepare()
    assert re.fullmatch(
        r"tiny: cannot be built \(.*word.hpp:1:\d+: error: .*without_quotes.*\)", str(caught.value)
    )
    assert "Building CXX object" in caught.value.log_tail
    assert list(cache.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_said(folder, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ServerStartError, match=r"tiny: cannot be built: .*Not a directory"):
        launch(folder).prepare()


@pytest.mark.parametrize("variable", ["CXX", "CXXFLAGS", "LDFLAGS"])
def test_another_compiler_or_other_flags_make_another_program(folder, monkeypatch, variable):
    monkeypatch.delenv(variable, raising=False)
    before = launch(folder).command[0]
    monkeypatch.setenv(variable, "sh -O1")
    assert launch(folder).command[0] != before


@needs_compiler
@pytest.mark.parametrize("spec", ["boost_asio", "boost_threads"])
def test_only_what_is_absent_is_named_with_its_package(spec, tmp_path, monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    assert parse_spec(spec).missing == ""
    monkeypatch.setenv("PATH", path_with(tmp_path / "tools", "c++", "make"))
    assert parse_spec(spec).missing == "sudo apt install cmake"
    monkeypatch.setenv("CXXFLAGS", "-nostdinc")
    assert parse_spec(spec).missing == "sudo apt install cmake libasio-dev"
    monkeypatch.setenv("PATH", path_with(tmp_path / "bare"))
    assert parse_spec(spec).missing == "sudo apt install cmake make g++ libasio-dev"
    assert parse_spec(spec).launch(Endpoint()).command, "a program that cannot be built has a place"
