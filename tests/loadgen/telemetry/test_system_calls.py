import os

import pytest

from c10k.loadgen.telemetry.system_calls import CountingError, SystemCalls
from tests.loadgen.telemetry.conftest import Child

pytestmark = pytest.mark.system
CALLS = "for _ in range({}): os.getppid()"


def test_calls_are_counted_between_start_and_stop_or_it_says_why_not(child: Child):
    child.do("import os")
    counted, why = 0, ""
    try:
        with SystemCalls([child.pid]) as calls:
            child.do(CALLS.format(5000))
            calls.start()
            child.do(CALLS.format(3000))
            counted = calls.stop()
    except CountingError as error:
        why = str(error)
    # With those of reading an order and answering it.
    assert 3000 <= counted < 3500 or why.startswith(("perf is not installed", "perf cannot count"))


def test_without_perf_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CountingError, match="linux-perf"):
        SystemCalls([os.getpid()])


def test_a_perf_that_refuses_is_quoted(monkeypatch, tmp_path):
    perf = tmp_path / "perf"
    perf.write_text(
        "#!/bin/sh\necho 'Error: no permission, see perf_event_paranoid' >&2\nexit 255\n"
    )
    perf.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with (
        SystemCalls([os.getpid()]) as calls,
        pytest.raises(CountingError, match="no permission, see perf_event_paranoid"),
    ):
        calls.start()
