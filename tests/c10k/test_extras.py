"""What is missing is named with the extra that has it."""

from importlib.metadata import PackageNotFoundError

import pytest

from c10k import extras

REQUIRED = ["numpy>=1.26", 'jinja2>=3.1; extra == "all"', "pandas>=2.2; extra == 'report'"]


def not_installed(_distribution):
    raise PackageNotFoundError


@pytest.mark.parametrize(
    ("module", "extra"), [("pandas", "report"), ("jinja2", "all"), ("markupsafe", "all")]
)
def test_the_remedy_is_the_extra(module, extra, monkeypatch):
    monkeypatch.setattr(extras, "requires", lambda _distribution: REQUIRED)
    assert extras.remedy(module) == f"pip install 'c10k-bench[{extra}]'"


def test_run_from_its_sources_the_remedy_is_the_module(monkeypatch):
    monkeypatch.setattr(extras, "requires", not_installed)
    assert extras.remedy("pandas") == "pip install pandas"
