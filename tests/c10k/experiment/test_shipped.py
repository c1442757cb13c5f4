"""The experiments that come with c10k, wherever it is installed and whatever lies about."""

import subprocess
import sys
from pathlib import Path

import pytest

from c10k.cli.main import main
from c10k.experiment.shipped import experiment, names, summaries

REPOSITORY = Path(__file__).parents[3]
NAMES = [
    "c10k",
    "chapter",
    *(f"claims/{who}" for who in ("blandy", "chapter", "free_threading", "kegel", "paterson")),
    "claims/rloop",
    "claims/uvloop",
    "claims/von_behren",
    "claims/whole_buffer",
    "http",
    "python",
    "tables",
    "techniques",
    "tls",
    "websocket",
]


def test_they_are_those_of_the_folder_that_people_see():
    folder = REPOSITORY / "experiments"
    files = (path.relative_to(folder).with_suffix("") for path in folder.rglob("*.toml"))
    assert names() == sorted(map(str, files)) == NAMES


@pytest.mark.system
def test_a_package_holds_them(tmp_path):
    setup = [sys.executable, "-c", "import setuptools; setuptools.setup()", "-q"]
    built = ["egg_info", "--egg-base", tmp_path, "build_py", "--build-lib", tmp_path / "built"]
    subprocess.run([*setup, *map(str, built)], cwd=REPOSITORY, check=True, capture_output=True)
    packed = tmp_path / "built" / "c10k" / "experiments"
    files = (path.relative_to(packed).with_suffix("") for path in packed.rglob("*.toml"))
    assert sorted(map(str, files)) == NAMES
    assert not (tmp_path / "built" / "c10k" / "experiments").is_symlink()


def test_one_is_found_by_name_and_a_file_by_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chapter").mkdir()  # a folder takes no name away
    assert experiment("chapter").name == "chapter.toml"
    assert experiment("chapter").is_file()
    assert experiment("mine.toml") == Path("mine.toml")
    (tmp_path / "python").write_text("steps = [1]")
    assert experiment("python") == Path("python")
    with pytest.raises(ValueError, match="'chaptr': did you mean 'chapter'") as error:
        experiment("chaptr")
    assert f"There are {', '.join(NAMES)}" in str(error.value)


def test_they_are_listed_each_with_what_it_is(capsys):
    assert main(["run", "--config"]) == 0
    shown = capsys.readouterr().out
    assert [line.split()[0] for line in shown.splitlines() if line[0] != " "] == NAMES
    for name, summary in summaries():
        assert " ".join([name, summary]) in " ".join(shown.split())
        assert len(summary) > 20
