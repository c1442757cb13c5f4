"""A run on a real file system that fails: full, read-only, slow, or gone."""

import os
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from c10k.cli.main import main
from c10k.results.store import RunError, RunWriter, read_run
from tests.c10k.cli.conftest import SMALLEST

pytestmark = pytest.mark.system


@pytest.fixture
def disk(tmp_path):
    """A file system of 1 MB in a mount namespace of its own, seen through that of its process."""
    script = 'mount -t tmpfs -o size=1m small "$0" && echo mounted && exec sleep infinity'
    holder = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", script, tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if not holder.stdout.readline():
            pytest.skip(f"no file system can be mounted here: {holder.stderr.read().strip()}")
        yield Path(f"/proc/{holder.pid}/root{tmp_path}")
    finally:
        holder.kill()
        holder.communicate()


def fill(disk, directory):
    with suppress(OSError), open(disk / "other", "wb", buffering=0) as other:  # noqa: PTH123
        while other.write(bytes(4096)):
            pass


def make_read_only(disk, directory):
    """By a second mount on top: what is open goes on, as the kernel lets no writer down."""
    pid = disk.parts[2]
    mount = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"'
    inside = Path("/", *disk.parts[4:])
    subprocess.run(
        ["nsenter", f"--mount=/proc/{pid}/ns/mnt", "sh", "-c", mount, inside], check=True
    )


def remove(disk, directory):
    shutil.rmtree(directory)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (fill, "No space left on device"),
        (make_read_only, "Read-only file system"),
        (remove, "No such file or directory"),
    ],
)
def test_what_cannot_be_written_is_named_and_what_was_stays(
    disk, manifest, make_step, fault, reason
):
    directory = disk / "run"
    with RunWriter(directory).create(manifest) as writer:
        writer.append_step(make_step(10))
        fault(disk, directory)
        with pytest.raises(RunError, match=f"cannot be written: {reason}") as caught:
            writer.append_step(make_step(100))
        assert "\n" not in str(caught.value)
    if fault is not remove:
        assert read_run(directory).steps.connections.tolist() == [10]


def test_when_there_is_room_again_the_run_goes_on(disk, manifest, make_step):
    directory = disk / "run"
    with RunWriter(directory).create(manifest) as writer:
        fill(disk, directory)
        with pytest.raises(RunError, match="No space left"):
            writer.append_step(make_step(10))
    (disk / "other").unlink()
    with RunWriter.open(directory) as writer:
        writer.append_step(make_step(10))
    assert read_run(directory).steps.connections.tolist() == [10]
    assert len(list(directory.iterdir())) == 1 + 1 + 3, "nothing else takes room"


def test_a_slow_disk_changes_no_figure(tmp_path, monkeypatch):
    write = os.fsync
    waited = []

    def late(file):
        waited.append(file)
        time.sleep(0.25)
        write(file)

    monkeypatch.setattr(os, "fsync", late)
    arguments = ("--server", "threaded", "--steps", "2,3", *SMALLEST, "--slo", "errors < 1")
    assert main(["run", "--out", str(tmp_path / "run"), *arguments]) == 0
    assert len(waited) > 8
    steps = read_run(tmp_path / "run").steps
    assert steps.lost.tolist() == [0, 0]
    assert steps.response_p50_ms.max() < 200
    assert (steps.messages / steps.window_s).tolist() == pytest.approx([100, 150], rel=0.3)
