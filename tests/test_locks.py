"""The locks have what CI is to install, and CI installs nothing else."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
GROUPS = PROJECT["dependency-groups"]
RUNTIME = [*PROJECT["build-system"]["requires"], *PROJECT["project"]["dependencies"]]
WANTED = {
    "action": [*RUNTIME, *EXTRAS["report"]],
    "locust-oldest": GROUPS["locust-oldest"],
    "tox": [
        *RUNTIME,
        *(each for extra in EXTRAS.values() for each in extra),
        *(each for name, group in GROUPS.items() if name != "locust-oldest" for each in group),
    ],
}


@pytest.mark.parametrize("minor", range(11, 15))
@pytest.mark.parametrize("lock", WANTED)
def test_a_lock_fits_pyproject(lock, minor):
    python = {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0"}
    environment = default_environment() | python

    def applies(requirement):
        return requirement.marker is None or requirement.marker.evaluate(environment)

    text = (ROOT / ".ci" / f"{lock}.lock").read_text()
    pins = [Requirement(line) for line in re.findall(r"^(\S+==.+?) \\$", text, re.MULTILINE)]
    versions = {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in pins
        if applies(pin)
    }
    wanted = [each for each in map(Requirement, WANTED[lock]) if applies(each)]
    lacking = [
        str(each)
        for each in wanted
        if each.name != PROJECT["project"]["name"]
        and not each.specifier.contains(versions.get(canonicalize_name(each.name), "0"))
    ]
    assert not lacking, "run tox -e lock"


def wheel(directory, version):
    """A package `tox` of nothing; the wheel's hash."""
    directory.mkdir(exist_ok=True)
    path = directory / f"tox-{version}-py3-none-any.whl"
    meta = f"tox-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{meta}/METADATA", f"Metadata-Version: 2.1\nName: tox\nVersion: {version}\n")
        file.writestr(
            f"{meta}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{meta}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.system
def test_ci_installs_nothing_with_another_hash(tmp_path):
    """That it installs what has the right one is seen wherever CI runs."""
    index = tmp_path / "index"
    hash_of = {version: wheel(index, version) for version in (1, 2)}
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "locked", tmp_path / ".ci")
    for lock in ("tox", "locust-oldest"):
        line = f"tox==2 --hash=sha256:{hash_of[1]}\n"
        (tmp_path / ".ci" / f"{lock}.lock").write_text(line)
    path = f"{Path(sys.executable).parent}{os.pathsep}/usr/bin{os.pathsep}/bin"  # one Python
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "source .ci/locked; echo installed"],
        cwd=tmp_path,
        env=os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "PATH": path},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ended.returncode
    assert ended.stdout == ""
    assert "DO NOT MATCH THE HASHES" in ended.stderr
