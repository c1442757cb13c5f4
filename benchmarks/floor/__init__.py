"""The floor: bare C programs, the least that an echo server and a loader can cost."""

import os
import shlex
import subprocess
from pathlib import Path

SOURCES = Path(__file__).parent


class CompileError(RuntimeError):
    """A program of the floor could not be compiled; the message says what is missing."""


def compile_program(name: str, into: Path) -> Path:
    """Compile NAME.c ("echo_server" or "load") with $CC or cc; return the program."""
    program = into / name
    compiler = shlex.split(os.environ.get("CC") or "cc")
    command = [*compiler, "-O2", "-o", str(program), str(SOURCES / f"{name}.c")]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise CompileError(
            f"there is no C compiler {compiler[0]!r}: apt install build-essential"
        ) from error
    except subprocess.CalledProcessError as error:
        raise CompileError(
            f"{name}.c does not compile (apt install build-essential?): {error.stderr.strip()}"
        ) from error
    return program
