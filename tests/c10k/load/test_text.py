"""The line that changes while connections open."""

from types import SimpleNamespace

import pytest

from c10k.load import text


@pytest.fixture
def line(monkeypatch, capsys):
    monkeypatch.setattr(text.time, "monotonic", lambda: 110.0)

    def shown(ready, *, phase="open", began_s=100.0):
        status = SimpleNamespace(ready=ready, failed=0, messages=ready)
        fleet = SimpleNamespace(connections=1_000_000, progress=lambda: status)
        cycle = SimpleNamespace(phase=phase, began_s=began_s, left_s=7.4, fleet=fleet)
        monkeypatch.setattr(text.sys.stderr, "isatty", lambda: True)
        text.show_progress(cycle)
        return capsys.readouterr().err

    return shown


def test_the_rate_so_far_says_how_long_it_takes(line):
    assert "opening, 25,000 /s, 30 s left" in line(250_000)


def test_nothing_is_said_before_a_rate_is_known(line):
    assert "left" not in line(0)
    assert "left" not in line(100, began_s=109.5)


def test_a_window_says_how_long_it_lasts(line):
    assert "measuring, 7 s left" in line(10, phase="window")
