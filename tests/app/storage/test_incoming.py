"""Private folders for files on their way in: gone with their use, or else at the next start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from wholedoc import Library
from wholedoc.storage.files.incoming import Incoming
from wholedoc.storage.home import home

# Holds a private folder with a file in it, says its name, and waits to be killed.
HOLDER = """
import sys
from pathlib import Path
from wholedoc.storage.files.incoming import Incoming
with Incoming(Path(sys.argv[1])).private() as path:
    (path / "half an upload.pdf").write_bytes(b"%PDF")
    print(path, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def incoming(tmp_path: Path) -> Incoming:
    return Incoming(tmp_path / "incoming")


def holder(incoming: Incoming) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(incoming.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def killed(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)


def test_a_private_folder_is_private_and_goes_after_its_use(incoming: Incoming) -> None:
    with incoming.private() as one, incoming.private() as two:
        assert one != two
        assert one.parent == two.parent == incoming.folder
        assert (one.stat().st_mode | incoming.folder.stat().st_mode) & 0o077 == 0
        (one / "a.pdf").write_bytes(b"%PDF")
    assert list(incoming.folder.iterdir()) == []


def test_it_goes_when_its_use_fails(incoming: Incoming) -> None:
    with pytest.raises(FileNotFoundError), incoming.private() as one:
        (one / "nowhere" / "a.pdf").write_bytes(b"%PDF")
    assert list(incoming.folder.iterdir()) == []


def test_another_thread_may_end_the_use(incoming: Incoming) -> None:
    use = incoming.private()
    use.__enter__()
    ending = threading.Thread(target=use.__exit__, args=(None, None, None))
    ending.start()
    ending.join()
    assert list(incoming.folder.iterdir()) == []
    assert incoming.remove_abandoned() == 0


def test_nothing_is_removed_of_what_is_in_use(incoming: Incoming) -> None:
    process, theirs = holder(incoming)
    try:
        with incoming.private() as ours:
            assert incoming.remove_abandoned() == 0
            assert ours.exists()
            assert (theirs / "half an upload.pdf").exists()
    finally:
        killed(process)


def test_what_a_killed_process_left_goes_and_nothing_else(incoming: Incoming) -> None:
    first, left = holder(incoming)
    second, used = holder(incoming)
    try:
        killed(first)
        assert left.exists()
        assert incoming.remove_abandoned() == 1
        assert not left.exists()
        assert used.exists()
        assert incoming.remove_abandoned() == 0
    finally:
        killed(second)
    assert incoming.remove_abandoned() == 1
    assert list(incoming.folder.iterdir()) == []


def test_the_next_start_of_anything_removes_it() -> None:
    process, left = holder(Incoming(home() / "incoming"))
    killed(process)
    assert left.exists()
    Library.open()
    assert list((home() / "incoming").iterdir()) == []


def test_a_folder_that_is_not_there_has_nothing_to_remove(incoming: Incoming) -> None:
    assert incoming.remove_abandoned() == 0
    assert not incoming.folder.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_changed_is_left(incoming: Incoming) -> None:
    process, left = holder(incoming)
    killed(process)
    incoming.folder.chmod(0o500)
    try:
        incoming.remove_abandoned()
        assert left.exists()
    finally:
        incoming.folder.chmod(0o700)
