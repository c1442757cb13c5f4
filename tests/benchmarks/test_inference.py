import numpy as np
import pytest

from benchmarks import inference


@pytest.fixture(autouse=True)
def few_families(monkeypatch):
    monkeypatch.setattr(inference, "SAME", 200)
    monkeypatch.setattr(inference, "DIFFERENT", 20)


@pytest.mark.parametrize("unequal", [0.0, inference.UNEQUAL])
def test_the_same_servers_are_hardly_ever_clearly_different(unequal):
    rates = inference.rates(np.random.default_rng(1), 5, 0.2, unequal)
    assert rates["false"] < 0.01
    assert rates["families"] < 0.1  # 5 % in the long run
    assert 0.03 < rates["missed"] < 0.07  # of 95 % intervals


@pytest.mark.parametrize(("between", "found"), [(0.1, 0.9), (0.2, 0.5)])
def test_a_true_difference_is_mostly_found(between, found):
    assert inference.rates(np.random.default_rng(1), 5, between, 0.0, 0.5)["found"] > found
