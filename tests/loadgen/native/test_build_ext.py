"""An installation where C does not compile goes on without, unless that would hide a mistake."""

import pytest
from setuptools import Distribution, Extension

from c10k.loadgen.native.build_ext import BuildExt

pytestmark = pytest.mark.system

GOOD = """
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "module"};
PyMODINIT_FUNC PyInit_module(void) { return PyModule_Create(&module); }
"""


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Build a module from C, required or not."""
    monkeypatch.chdir(tmp_path)

    def run(source, *, required):
        monkeypatch.setenv("C10K_REQUIRE_NATIVE", "1" * required)
        (tmp_path / "module.c").write_text(source)
        extensions = [Extension("module", ["module.c"])]
        distribution = Distribution(
            {"ext_modules": extensions, "cmdclass": {"build_ext": BuildExt}}
        )
        distribution.get_command_obj("build_ext").inplace = True
        distribution.run_command("build_ext")

    return run


def test_what_compiles_is_built(build, tmp_path, capfd):
    build(GOOD, required=True)
    assert list(tmp_path.glob("module*.so"))
    assert "native engine" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("source", "compiler", "reason", "remedy"),
    [
        (GOOD, "/bin/false", "a working C compiler was not found", "build-essential"),
        (GOOD, "no-such-compiler", "a working C compiler was not found", "build-essential"),
        ("this is not C;\n", None, "refused", ""),
    ],
)
def test_what_cannot_be_built_is_left_out_and_said_unless_it_is_required(
    build, tmp_path, capfd, monkeypatch, source, compiler, reason, remedy
):
    if compiler:
        monkeypatch.setenv("CC", compiler)
    build(source, required=False)
    assert not list(tmp_path.glob("module*.so"))
    (line,) = (line for line in capfd.readouterr().err.splitlines() if "native engine" in line)
    assert "without its native engine" in line
    assert reason in line
    assert remedy in line
    with pytest.raises(SystemExit, match="native engine is required"):
        build(source, required=True)
