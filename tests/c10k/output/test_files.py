"""Files that are opened before anything is measured."""

import pytest

from c10k.outcome import CommandError, Status
from c10k.output.files import OutputFile


@pytest.mark.parametrize("path", ["", "-", "/nonexistent/x", "/", "a\0b", "x" * 300])
def test_what_cannot_be_opened_is_the_requests_fault(path):
    with pytest.raises(CommandError, match="--hdr") as raised:
        OutputFile("--hdr", path)
    assert raised.value.status == Status.WRONG


def test_a_full_disk_is_stated_when_it_is_met():
    with (
        OutputFile("--json", "/dev/full") as output,
        pytest.raises(CommandError, match="--json /dev/full cannot be written: No space left") as e,
    ):
        output.write("text")
    assert e.value.status == Status.FAILED


def test_what_was_there_stays_until_there_is_something_else(tmp_path):
    file = tmp_path / "x"
    file.write_text("of yesterday")
    with OutputFile("--json", str(file)):
        assert file.read_text() == "of yesterday"
    assert file.read_text() == "of yesterday"
    with OutputFile("--json", str(file)) as output:
        output.write("new")
    assert file.read_text() == "new"


def test_a_file_in_which_nothing_was_written_does_not_stay(tmp_path):
    with OutputFile("--json", str(tmp_path / "x")):
        assert (tmp_path / "x").exists()
    assert list(tmp_path.iterdir()) == []


def test_standard_output_where_that_makes_sense(capsys):
    with OutputFile("--json", "-", or_stdout=True) as output:
        output.write("{}")
    assert capsys.readouterr().out == "{}"
