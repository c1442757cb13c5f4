"""Building the native modules, with one clear message where the machine cannot.

Named in pyproject.toml as setuptools' `build_ext`; it imports nothing of the project, which is
not installed yet when it runs.
"""

import sys
import tempfile
from pathlib import Path

from setuptools.command.build_ext import build_ext
from setuptools.errors import CCompilerError

REMEDY = "On Debian or Ubuntu: sudo apt install build-essential python3-dev"


class BuildExt(build_ext):
    """setuptools' own, after a look whether C compiles here at all."""

    def build_extensions(self) -> None:
        """Build every extension; SystemExit where a C compiler or Python's headers are missing."""
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        for source, missing in (
            ("#include <stdlib.h>", "a working C compiler"),
            ("#include <Python.h>", f"Python.h, a C header of Python {version},"),
        ):
            if not self.compiles(source):
                raise SystemExit(
                    f"error: c10k's loader is native: {missing} was not found. {REMEDY}"
                )
        super().build_extensions()

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
