import pytest

from tests.reports.recomputed.raw import Raw


@pytest.fixture(scope="session")
def raw(recorded):
    return Raw(recorded)
