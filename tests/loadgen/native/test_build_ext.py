"""An installation where C does not compile goes on without, unless that would hide a mistake."""

import os
import subprocess
import sys

import pytest

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


def warnings(shown):
    return [line for line in shown.stderr.splitlines() if "native engine" in line]


def test_what_compiles_is_built(build, tmp_path):
    shown = build(GOOD, C10K_REQUIRE_NATIVE="1")
    assert shown.returncode == 0, shown.stderr
    assert list(tmp_path.glob("module*.so"))
    assert not warnings(shown)


@pytest.mark.parametrize("compiler", ["/bin/false", "no-such-compiler"])
def test_without_a_compiler_one_line_says_what_is_lost(build, tmp_path, compiler):
    shown = build(GOOD, CC=compiler)
    assert shown.returncode == 0, shown.stderr
    assert not list(tmp_path.glob("module*.so"))
    (line,) = warnings(shown)
    assert "without its native engine" in line
    assert "a working C compiler was not found" in line
    assert "build-essential" in line


def test_what_the_compiler_refuses_is_left_out_too(build, tmp_path):
    shown = build("this is not C;\n")
    assert shown.returncode == 0, shown.stderr
    assert not list(tmp_path.glob("module*.so"))
    assert len(warnings(shown)) == 1


@pytest.mark.parametrize(
    ("source", "environment"), [(GOOD, {"CC": "/bin/false"}), ("this is not C;\n", {})]
)
def test_where_it_is_required_the_build_fails(build, source, environment):
    shown = build(source, C10K_REQUIRE_NATIVE="1", **environment)
    assert shown.returncode != 0
    assert "native engine is required" in shown.stderr
