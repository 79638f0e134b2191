"""Library folders that a benchmark uses and throws away, and `wholedoc` as a process on one of them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wholedoc.library import Library
from wholedoc.storage.home import VARIABLE, home


@contextmanager
def temporary_home() -> Iterator[Path]:
    """Yield an empty library folder that shares this machine's models; it is removed at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="wholedoc-bench-") as folder:
        share_models(Path(folder))
        yield Path(folder)


def share_models(folder: Path) -> None:
    """Link this machine's models into a library folder, so that the embedded model is not converted again."""
    Library.open().model  # noqa: B018 - converts the embedded model if that has not been done yet
    (folder / "models").symlink_to(home() / "models")


def environment(folder: Path) -> dict[str, str]:
    """Return the environment variables of a process whose library is `folder`."""
    return {**os.environ, VARIABLE: str(folder)}


def start(folder: Path, *arguments: str, **streams: Any) -> subprocess.Popen[bytes]:
    """Start `wholedoc ARGUMENTS` on the library `folder`; `streams` are Popen's stdout, stderr and the like."""
    return subprocess.Popen([sys.executable, "-m", "wholedoc", *arguments], env=environment(folder), **streams)
