import pytest

from tests.reports.conftest import RECORDED
from tests.reports.recomputed.raw import Raw


@pytest.fixture(scope="session")
def raw():
    return Raw(RECORDED)
