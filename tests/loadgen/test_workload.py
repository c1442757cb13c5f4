import pytest

from loadgen.workload import LARGEST_MESSAGE, WORKLOADS, Workload


def test_a_rate_makes_an_open_loop():
    assert WORKLOADS["steady"].loop == "open"
    assert WORKLOADS["saturated"].loop == "closed"


@pytest.mark.parametrize(
    "figures",
    [
        {"rate_per_connection": 0},
        {"rate_per_connection": 1e-12},
        {"rate_per_connection": -1},
        {"rate_per_connection": float("nan")},
        {"arrivals": "bursts"},
        {"seed": -1},
        {"size_bytes": 0},
        {"size_bytes": LARGEST_MESSAGE + 1},
        {"timeout_s": 0},
        {"connect_timeout_s": float("nan")},
    ],
)
def test_what_cannot_be_driven_is_refused(figures):
    with pytest.raises(ValueError, match="must be"):
        Workload("odd", **figures)
