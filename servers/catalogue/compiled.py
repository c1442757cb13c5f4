"""Servers in C++, built by CMake when first needed and kept for the next time."""

import functools
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..cache import cache_directory
from ..process import ServerStartError
from .program import FOLDER, Endpoint, Launch, arguments

COMPILERS = ("c++", "g++", "clang++")  # as CMake looks for them, unless $CXX says which
FLAGS = ("CXX", "CXXFLAGS", "LDFLAGS")  # what CMake takes from the environment
HAS_ASIO = "#if !__has_include(<boost/asio.hpp>) && !__has_include(<asio.hpp>)\n#error\n#endif\n"


@dataclass(frozen=True)
class CompiledProgram:
    """NAME.cpp of a folder, a target of the CMakeLists.txt there, with the headers in framework/.

    The cache directory keeps what was built under a name that depends on sources, compiler and
    flags: an edit builds anew, and versions coexist.
    """

    name: str
    folder: Path = FOLDER

    def missing(self, options: Mapping[str, str]) -> str:
        """See Program."""
        compiler = _compiler()
        packages = {
            "cmake": shutil.which("cmake"),
            "make": shutil.which("make"),
            "g++": compiler,
            "libasio-dev": compiler and _finds_asio(compiler, os.environ.get("CXXFLAGS", "")),
        }
        absent = [package for package, found in packages.items() if not found]
        return f"sudo apt install {' '.join(absent)}" if absent else ""

    def launch(self, options: Mapping[str, str], endpoint: Endpoint) -> Launch:
        """See Program."""
        program = self._built()
        command = [str(program), *endpoint.arguments(), *arguments(options)]
        return Launch(command, prepare=lambda: self._build(program))

    def _built(self) -> Path:
        """Return where the program is, or will be."""
        sources = [self.folder / "CMakeLists.txt", self.folder / f"{self.name}.cpp"]
        sources += sorted((self.folder / "framework").glob("*.hpp"))
        parts: list[object] = [(source.name, source.read_bytes()) for source in sources]
        parts += [os.environ.get(flag) for flag in FLAGS]
        if compiler := _compiler():
            file = Path(compiler[0]).resolve()
            parts += [file, file.stat().st_size, file.stat().st_mtime_ns]  # which version it is
        digest = hashlib.sha256(repr(parts).encode()).hexdigest()
        return cache_directory() / "built" / f"{self.name}-{digest[:16]}"

    def _build(self, program: Path) -> None:
        """Build it unless it is there. Two processes that build at once end with the same file."""
        if program.exists():
            return
        print(f"{self.name}: building it, once", file=sys.stderr)
        began = time.monotonic()
        try:
            program.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".building-", dir=program.parent) as scratch:
                self._run("cmake", "-S", str(self.folder), "-B", scratch)
                self._run("cmake", "--build", scratch, "--target", self.name)
                (Path(scratch) / self.name).replace(program)
        except OSError as error:
            raise ServerStartError(self.name, f"cannot be built: {error}", "") from error
        print(f"{self.name}: built in {time.monotonic() - began:.1f} s", file=sys.stderr)

    def _run(self, *command: str) -> None:
        ran = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "LC_ALL": "C"},  # errors are to be found in the output
            check=False,
        )
        if ran.returncode:
            lines = ran.stdout.splitlines()
            # make's last lines say nothing; the first error causes the others.
            lines += [line for line in lines if re.search(r"\berror\b", line, re.IGNORECASE)][:1]
            raise ServerStartError(self.name, "cannot be built", "\n".join(lines))


def _compiler() -> tuple[str, ...]:
    """Return the C++ compiler that CMake will take, as a command; empty if there is none."""
    chosen = shlex.split(os.environ.get("CXX", ""))
    for name in chosen[:1] or COMPILERS:
        if found := shutil.which(name):
            return (found, *chosen[1:])
    return ()


@functools.cache
def _finds_asio(compiler: tuple[str, ...], flags: str) -> bool:
    """Whether the compiler finds Boost.Asio or Asio alone."""
    command = [*compiler, *shlex.split(flags), "-x", "c++", "-E", "-"]
    return not subprocess.run(command, input=HAS_ASIO, text=True, capture_output=True).returncode
