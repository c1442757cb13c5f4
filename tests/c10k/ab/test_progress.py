"""What a person sees while pairs are measured."""

import io
import re
from types import SimpleNamespace

import pytest
from rich.console import Console

from c10k.ab.progress import Budget, LivePairs, PairProgress, QuietPairs
from c10k.results.metrics import METRICS
from c10k.results.verdicts import judge

PAIRS = SimpleNamespace(rows=[({}, {})] * 3, judged=judge((), {}, {}))


@pytest.mark.parametrize("width", [60, 130])
def test_a_terminal_shows_the_table_after_each_pair_and_the_time_left(width):
    file = io.StringIO()
    console = Console(file=file, width=width, height=30, force_terminal=True, color_system=None)
    with LivePairs(Budget(61), console) as progress:
        assert re.search(r"0 pairs, 1:0\d left", file.getvalue())
        progress.pair(PAIRS)
        shown = file.getvalue()
    assert re.search(r"3 pairs, 1:0\d left", shown)
    assert all(metric.noun in shown for metric in METRICS.values())


def test_a_pipe_has_a_line_now_and_then_and_quiet_has_none():
    for kind, expected in ((PairProgress, 1), (QuietPairs, 0)):
        lines = []
        with kind(Budget(61), lines.append) as progress:
            progress.pair(PAIRS)
            progress._said -= 60
            progress.pair(PAIRS)
        assert len(lines) == expected
        assert all("3 pairs, 1:0" in line for line in lines)
