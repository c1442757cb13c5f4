"""Building the native modules, or saying in one line what their absence costs.

Named in pyproject.toml as setuptools' `build_ext`; it imports nothing of the project, which is
not installed yet when it runs.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

LOSS: Final = (
    "c10k is installed without its native engine; a portable one, which takes about twice the CPU "
    "per message, will drive the load"
)
REMEDY: Final = "On Debian or Ubuntu: sudo apt install build-essential python3-dev"
# Set where going on without the native engine would hide a mistake of ours, as in CI.
REQUIRED: Final = "C10K_REQUIRE_NATIVE"


class BuildExt(build_ext):
    """setuptools' own, but extensions that cannot be built are left out."""

    def build_extensions(self) -> None:
        """Build every extension, or none; where C10K_REQUIRE_NATIVE is set, SystemExit for none."""
        if missing := self.missing():
            self.do_without(f"{missing} was not found. {REMEDY}")
            return
        for extension in self.extensions:  # one after the other: Cython is not made for threads
            if any(source.endswith(".pyx") for source in extension.sources):
                from Cython.Build import cythonize

                (done,) = cythonize([extension])
                extension.sources = done.sources
        self.parallel = os.cpu_count()
        try:
            super().build_extensions()
        except (CCompilerError, BaseError) as error:
            self.do_without(f"the C compiler refused it: {error}")

    def missing(self) -> str:
        """What this machine lacks to build them; empty if nothing."""
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        for source, missing in (
            ("#include <stdlib.h>", "a working C compiler"),
            ("#include <sys/epoll.h>", "Linux's epoll"),
            ("#include <Python.h>", f"Python.h, a C header of Python {version},"),
        ):
            if not self.compiles(source):
                return missing
        return ""

    def do_without(self, reason: str) -> None:
        """Build none. Raises SystemExit where they are required."""
        if os.environ.get(REQUIRED):
            raise SystemExit(f"error: c10k's native engine is required ({REQUIRED}): {reason}")
        sys.stderr.write(f"warning: {LOSS}: {reason}\n")
        self.extensions = []

    def compiles(self, source: str) -> bool:
        """Whether this C source compiles as the extensions will."""
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "probe.c")
            path.write_text(source + "\n")
            try:
                self.compiler.compile([str(path)], output_dir=directory)
            except CCompilerError:
                return False
        return True
