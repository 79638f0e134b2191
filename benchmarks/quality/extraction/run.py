"""Measures how well the text of real PDFs is read, by their sources.

Two shares are measured. *In order*: of all runs of eight words in a row in the source that any of the tools has,
those whose letters stand in a row in the text, whatever white space, hyphens and signs are between them; a running
head, a footnote or another column between them breaks a run. *Rows*: of the tables' rows in a LaTeX source, those
whose cells stand on one line in their order; *apart* are those of them whose cells have more than a single space
between them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from ...errors import NotInstalledError
from ...report import Report
from .tools import tools
from .truth import letters, read_source, rows, runs

FILES = Path(__file__).with_name("files.json")
QUICK_FILES = 3
_APART = re.compile(r"\||\t|\s{2,}")


@dataclass(frozen=True)
class _File:
    """A PDF of a package, its source, and how many columns its pages have."""

    package: str
    columns: int
    pdf: Path
    source: Path


def run(quick: bool, folder: Path | None = None, python: str | None = None) -> Report:
    """Read the PDFs of the packages that were unpacked below `folder` by every tool that is there."""
    report = Report("extraction-quick" if quick else "extraction")
    report.notes.append(f"{__doc__.partition('Two shares')[2].strip()}")
    found = _files(folder)[: QUICK_FILES if quick else None]
    known = tools(python)
    for file in found:
        source, latex = read_source(file.source), ".tex" in file.source.name
        read = {name: tool(file.pdf) for name, tool in known.items()}
        wanted, tables = runs(source, latex=latex), rows(source) if latex else []
        texts = {name: letters("".join(one.pages)) for name, one in read.items()}
        wanted = [one for one in wanted if any(one in text for text in texts.values())]
        for name, one in read.items():
            lines = [line for page in one.pages for line in page.splitlines()]
            whole = [spans for row in tables if (spans := _best(lines, row)) is not None]
            report.add(
                file=file.pdf.name,
                columns=file.columns,
                tool=name,
                runs=len(wanted),
                in_order=sum(run in texts[name] for run in wanted) / max(len(wanted), 1),
                rows=len(tables),
                rows_whole=len(whole),
                rows_apart=sum(whole),
                ms_a_page=1000 * one.seconds / max(len(one.pages), 1),
            )
    return report


def _files(folder: Path | None) -> list[_File]:
    """Return the files that are there. Raises NotInstalledError if none are."""
    listed = json.loads(FILES.read_text(encoding="utf-8"))
    found = []
    for one in listed if folder is not None and folder.is_dir() else ():
        assert folder is not None
        pdf, source = _below(folder, one["pdf"]), _below(folder, one["source"])
        if pdf is not None and source is not None:
            found.append(_File(one["package"], one["columns"], pdf, source))
    if not found:
        packages = " ".join(sorted({one["package"] for one in listed}))
        raise NotInstalledError(
            f"the PDFs of the Debian packages {packages}: `apt-get download` them, unpack each with `dpkg-deb -x` "
            "into a folder, and name it with --pdfs"
        )
    return found


def _below(folder: Path, end: str) -> Path | None:
    return next((path for path in sorted(folder.rglob(Path(end).name)) if str(path).endswith(f"/{end}")), None)


def _best(lines: list[str], cells: list[str]) -> bool | None:
    """Return whether the cells of a row stand apart on a line that has them all; None if none has."""
    found = [_apart(line, cells) for line in lines if "".join(cells) in letters(line)]
    return None if not found else any(found)


def _apart(line: str, cells: list[str]) -> bool:
    """Return whether a line, divided where more than a space is, has each cell as one of its pieces."""
    pieces = [piece for one in _APART.split(line) if (piece := letters(one))]
    return any(pieces[at : at + len(cells)] == cells for at in range(len(pieces) - len(cells) + 1))
