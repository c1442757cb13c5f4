"""An installation where C does not compile goes on without, unless that would hide a mistake."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.system

BUILD = """
import sys
from setuptools import Distribution, Extension
from c10k.loadgen.native.build_ext import BuildExt
distribution = Distribution(
    {
        "ext_modules": [Extension("module", [sys.argv[1]])],
        "cmdclass": {"build_ext": BuildExt},
    }
)
distribution.get_command_obj("build_ext").inplace = True
distribution.run_command("build_ext")
"""

GOOD = """
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "module"};
PyMODINIT_FUNC PyInit_module(void) { return PyModule_Create(&module); }
"""


@pytest.fixture
def build(tmp_path):
    """Build a module from C, with the environment that is given."""

    def run(source, **environment):
        path = tmp_path / "module.c"
        path.write_text(source)
        return subprocess.run(
            [sys.executable, "-c", BUILD, str(path)],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_what_compiles_is_built(build, tmp_path):
    shown = build(GOOD, C10K_REQUIRE_NATIVE="1")
    assert shown.returncode == 0, shown.stderr
    assert list(tmp_path.glob("module*.so"))
    assert "native engine" not in shown.stderr


@pytest.mark.parametrize(
    ("source", "environment", "reason"),
    [
        (GOOD, {"CC": "/bin/false"}, "a working C compiler was not found"),
        (GOOD, {"CC": "no-such-compiler"}, "a working C compiler was not found"),
        ("this is not C;\n", {}, "refused"),
    ],
)
def test_what_cannot_be_built_is_left_out_and_said_unless_it_is_required(
    build, tmp_path, source, environment, reason
):
    shown = build(source, **environment)
    assert shown.returncode == 0, shown.stderr
    assert not list(tmp_path.glob("module*.so"))
    (line,) = (line for line in shown.stderr.splitlines() if "native engine" in line)
    assert "without its native engine" in line
    assert reason in line
    assert "build-essential" in line or not environment
    shown = build(source, C10K_REQUIRE_NATIVE="1", **environment)
    assert shown.returncode != 0
    assert "native engine is required" in shown.stderr
