import json

import numpy as np

from benchmarks.gate import calls, simulation


def test_a_call_is_wrong_if_any_metric_ever_was():
    """Twenty calls without a difference, of which one has a metric that is twice the other's."""
    random = np.random.default_rng(1)
    log_ratios = simulation.normal(random, (20, 8, 40))
    log_ratios[7, 3] += np.log(2)
    wrong = simulation.ever_wrong(log_ratios)
    assert wrong[7]
    assert wrong.sum() <= 3


def test_a_large_difference_is_found_after_few_pairs():
    random = np.random.default_rng(1)
    assert simulation.pairs_until_clear(random, 1.5, 0.05) <= 20
    assert simulation.pairs_until_clear(random, 1.0, 0.05) == np.inf


def test_the_table_counts_what_was_made_worse_and_of_the_same_server_any_verdict(tmp_path):
    def save(name, **verdicts):
        metrics = [
            {"metric": metric, "verdict": verdict, "ratio": 1.1}
            for metric, verdict in verdicts.items()
        ]
        found = {"metrics": metrics, "pairs": 20, "seconds": 90.0}
        (tmp_path / f"{name}.json").write_text(json.dumps(found))

    save("same-00", cpu="equivalent", p99="inconclusive")
    save("same-01", cpu="improvement", p99="inconclusive")
    save("cpu_10-00", cpu="regression", p99="inconclusive")
    save("cpu_10-01", cpu="inconclusive", p99="regression")
    _, _, same, worse = calls.table(tmp_path)
    assert same == "| same | 2 | 0 | 2 | 1 | 1 |  | 20 | 1.5 |"
    assert worse == "| cpu_10 | 2 | 1 | 1 | 0 | 0 | 1.100 | 20 | 1.5 |"
