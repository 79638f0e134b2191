"""Hostile files of every format: each is read or refused within limits, with one clear sentence.

`python -m benchmarks.robustness.hostile_files N [--seed SEED]` reads those that were made to do harm, and N in all.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import psutil
from PIL import Image, ImageDraw

from wholedoc.documents.extraction import ExtractionLimits, read_document
from wholedoc.documents.formats import kind_of_suffix
from wholedoc.documents.recognition import Recognition, is_installed
from wholedoc.documents.recognition.recognition import RecognitionLimits
from wholedoc.errors import DocumentError, ExtractionLimitError

from ..report import Report
from .honest_files import PASSWORD, honest_files
from .made_files import made_files
from .mutated_files import own_temporary_folder
from .mutations import mutated

LIMITS = ExtractionLimits(seconds=30, memory_bytes=1 << 30)
RECOGNITION = RecognitionLimits(seconds=30, seconds_a_page=10)
FILES, QUICK_FILES = 1_000, 20
# One of so many pictures that were damaged is recognised, which takes seconds; the others are only opened.
_EACH_RECOGNISED = 4
_CRASHED = ("made its reader crash", "made its recogniser crash")


@dataclass
class Figures:
    """What became of the files of one format.

    `refused` counts those with a sentence, `limits` among them those beyond a limit, and `crashes` those whose
    child process crashed. `unclear` are sentences that do not name the file or are none, and `escaped` other
    errors: there should be neither.
    """

    files: int = 0
    read: int = 0
    refused: int = 0
    limits: int = 0
    crashes: int = 0
    unclear: int = 0
    escaped: int = 0
    slowest_seconds: float = 0.0


def add_files(report: Report, count: int, seed: int = 0) -> None:
    """Read `count` files, those that were made to do harm among them, and add a row for each format."""
    figures: dict[str, Figures] = {}
    wrong: list[str] = []
    before = set(psutil.Process().children(recursive=True))
    with tempfile.TemporaryDirectory() as folder, own_temporary_folder() as scratch:
        for name, data, way in _files(count, seed):
            kind = kind_of_suffix(Path(name).suffix)
            one = figures.setdefault(kind.name if kind else "other", Figures())
            wrong += _read(Path(folder) / name, data, way, one)
        left = sorted(path.name for path in scratch.iterdir())
    for kind_name, one in sorted(figures.items()):
        report.add(format=kind_name, **asdict(one))
    children = set(psutil.Process().children(recursive=True)) - before
    total = sum(one.files for one in figures.values())
    report.add(format="all", files=total, children_left=len(children), files_left=len(left))
    report.notes += [f"left behind: {name}" for name in left]
    report.notes += wrong


def _files(count: int, seed: int) -> Iterator[tuple[str, bytes, str]]:
    """Yield names, contents and what is wrong with them: the made ones first, then each format in turn."""
    made = list(made_files().items())
    yield from ((name, data, "made") for name, data in made[:count])
    honest = {**honest_files(), **_honest_pictures()}
    names = sorted(honest)
    for number in range(count - len(made)):
        chance = Random(f"{seed}/{number}")
        name = names[number % len(names)]
        data, ways = mutated(honest[name], chance)
        yield name, data, f"{seed}/{number} {ways}"


def _honest_pictures() -> dict[str, bytes]:
    """Return small pictures of text in every format, one of two pages."""
    page = Image.new("RGB", (420, 120), "white")
    drawn = ImageDraw.Draw(page)
    for line in range(3):
        drawn.text((10, 10 + 34 * line), "The lamp at Cold Point was lit", fill="black", font_size=24)
    found = {}
    for name, more in (("page.png", []), ("page.jpg", []), ("page.tiff", []), ("pages.tiff", [page])):
        buffer = io.BytesIO()
        options = {"save_all": True, "append_images": more} if more else {}
        page.save(buffer, name.split(".")[1].replace("jpg", "jpeg"), **options)
        found[name] = buffer.getvalue()
    return found


def _read(path: Path, data: bytes, way: str, figures: Figures) -> list[str]:
    """Read a file and count what became of it. Returns what should not be."""
    path.write_bytes(data)
    figures.files += 1
    is_picture = path.suffix in (".png", ".jpg", ".tiff")
    recognised = is_picture and is_installed() and (way == "made" or figures.files % _EACH_RECOGNISED == 0)
    recognition = Recognition(limits=RECOGNITION) if recognised else None
    started, wrong = time.monotonic(), []
    try:
        read_document(path, password=PASSWORD, limits=LIMITS, recognition=recognition)
        figures.read += 1
    except DocumentError as error:
        figures.refused += 1
        figures.limits += isinstance(error, ExtractionLimitError)
        figures.crashes += any(crash in str(error) for crash in _CRASHED)
        if not is_clear(str(error), path.name):
            figures.unclear += 1
            wrong.append(f"unclear: {path.name} ({way}): {error}")
    except Exception as error:  # whatever it is, it is a defect, and the others are still to be read
        figures.escaped += 1
        wrong.append(f"escaped: {path.name} ({way}): {error!r}")
    figures.slowest_seconds = max(figures.slowest_seconds, time.monotonic() - started)
    path.unlink()
    return wrong


def is_clear(message: str, name: str) -> bool:
    """Return whether a message names the file, is on one line and ends as a sentence does."""
    return name in message and "\n" not in message and message.endswith((".", "elsewhere and open the result."))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.robustness.hostile_files", description=__doc__)
    parser.add_argument("count", type=int, metavar="N", help="how many files")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other damage (default: 0)")
    arguments = parser.parse_args()
    report = Report("hostile-files", about={"seed": arguments.seed, "seconds": LIMITS.seconds})
    add_files(report, arguments.count, arguments.seed)
    report.write()


if __name__ == "__main__":
    main()
