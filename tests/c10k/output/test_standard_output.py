"""Standard output that breaks: while it matters that is said, and never twice."""

import os

import pytest

from c10k.output.standard_output import Output, OutputLostError


@pytest.fixture
def full():
    with open("/dev/full", "w") as stream:  # noqa: PTH123
        yield stream


def test_lines_are_written_as_they_come(tmp_path):
    with (tmp_path / "out").open("w") as stream:
        output = Output(stream)
        output.matters = True
        print("a line", file=output)
        assert (tmp_path / "out").read_text() == "a line\n"
        assert (output.isatty(), output.encoding) == (False, stream.encoding)


def test_a_failure_ends_what_depends_on_it(full):
    output = Output(full)
    output.matters = True
    with pytest.raises(OutputLostError, match="No space left"):
        print("a line", file=output)
    output.matters = False
    print("another", file=output)
    output.flush()
    full.flush()  # as the interpreter does in the end


def test_a_failure_before_it_mattered_is_said_when_it_does(full):
    output = Output(full)
    print("a line", file=output)
    assert output.failure.strerror == "No space left on device"
    output.matters = True
    with pytest.raises(OutputLostError, match="No space left"):
        print("another", file=output)


def test_nobody_reads_a_pipe():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        output = Output(stream)
        output.matters = True
        with pytest.raises(OutputLostError, match="Broken pipe"):
            print("a line", file=output)


def test_a_stream_that_was_closed_from_the_start():
    output = Output(None)
    output.matters = True
    print("a line", file=output)
    output.flush()
    assert not output.isatty()
