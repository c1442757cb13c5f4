"""What has to agree before a release."""

import re
import tomllib
from pathlib import Path

import yaml

from c10k import VERSION

ROOT = Path(__file__).parents[1]


def test_the_changelog_and_the_citation_name_the_version():
    assert f"\n## [{VERSION}]" in (ROOT / "CHANGELOG.md").read_text()
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == VERSION


def test_the_licence_of_everything_that_is_installed_is_noted():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    required = set(project["dependencies"])
    required.update(*(extras[name] for name in extras.keys() - {"all", "lint", "test", "type"}))
    packages = {re.match(r"[\w-]+", each)[0] for each in required}
    notice = (ROOT / "NOTICE.md").read_text().lower()
    assert {each for each in packages if f"| {each}" not in notice} == set()
