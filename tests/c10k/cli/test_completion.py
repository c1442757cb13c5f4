"""What the shell is offered when Tab is pressed."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.system


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("c10k cli", {"client "}),
        ("c10k run --server threade", {"threaded "}),
        ("c10k run --config chap", {"chapter "}),
        ("c10k run --config pypr", {"pyproject.toml "}),
        ("c10k load --eng", {"--engine "}),
        ("c10k load --engine ", {"auto", "native", "portable"}),
        ("c10k load --json pypr", {"pyproject.toml "}),
        ("c10k load pypr", set()),
    ],
)
def test_what_is_offered(line, offered):
    """The shell hands over its line and reads file descriptor 8, as `complete` of bash does."""
    reading, writing = os.pipe()
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "|",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    with open(reading) as answer:  # noqa: PTH123
        shown = subprocess.run(
            ["bash", "-c", f'exec "$@" 8>&{writing}', "-", sys.executable, "-m", "c10k"],
            pass_fds=[writing],
            env=os.environ | asked,
            capture_output=True,
            timeout=60,
        )
        os.close(writing)
        assert {text for text in answer.read().split("|") if text} == offered
    assert shown.stdout + shown.stderr == b""
