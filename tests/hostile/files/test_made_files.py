"""Files that were made to do harm, and pictures among the damaged ones, end in a sentence or a text."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.report import Report
from benchmarks.robustness import hostile_files
from benchmarks.robustness.hostile_files import LIMITS, add_files, is_clear
from benchmarks.robustness.made_files import made_files

from wholedoc.documents.extraction import read_document
from wholedoc.documents.formats import FORMATS, kind_of_suffix
from wholedoc.errors import DocumentError

# Of each format the ones that are quick; `make bench NAMES=hostile` reads all.
QUICK = (
    "entities.",
    "outside.",
    "deep.",
    "missing.",
    "nested.",
    "cycle.",
    "huge.",
    "kids-",
    "itself.",
    "zero.",
    "cut.p",
)


def test_every_format_has_some() -> None:
    kinds = {kind_of_suffix(Path(name).suffix) for name in made_files()}
    assert kinds == {one.kind for one in FORMATS}


def test_those_that_are_quick_are_read_or_refused_with_a_sentence(tmp_path: Path) -> None:
    chosen = {name: data for name, data in made_files().items() if name.startswith(QUICK) and len(data) < 1_000_000}
    assert len(chosen) > 20
    for name, data in chosen.items():
        refusal = refusal_of(tmp_path / name, data)
        assert not refusal or is_clear(refusal, name)


def refusal_of(path: Path, data: bytes) -> str:
    """Why the file is refused; nothing if it is read. A file of this machine must never be in its text."""
    path.write_bytes(data)
    try:
        assert "root:" not in read_document(path, limits=LIMITS).text
    except DocumentError as error:
        return str(error)
    return ""


def test_a_row_for_each_format_counts_what_became_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {name: data for name, data in made_files().items() if name in ("quotes.csv", "nested.zip", "zero.png")}
    monkeypatch.setattr(hostile_files, "made_files", lambda: made)
    report = Report("test")
    add_files(report, 8, seed=3)
    *rows, total = report.rows
    assert {row["format"] for row in rows} >= {"CSV", "IMAGE", "ZIP"}
    assert all(row["files"] == row["read"] + row["refused"] for row in rows)
    assert not any(row["unclear"] or row["escaped"] or row["crashes"] for row in rows), report.notes
    assert (total["files"], total["children_left"], total["files_left"]) == (8, 0, 0)


def test_what_escapes_is_counted_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(path: Path, **_: object) -> None:
        raise KeyError(path.name)

    monkeypatch.setattr(hostile_files, "read_document", careless)
    report = Report("test")
    add_files(report, 2)
    assert sum(row.get("escaped", 0) for row in report.rows) == 2
    assert all("KeyError" in note for note in report.notes)


@pytest.mark.parametrize(
    ("message", "clear"),
    [
        ("a.pdf is damaged: save it anew.", True),
        ("It is damaged.", False),
        ("a.pdf is\ndamaged.", False),
        ("a.pdf", False),
    ],
)
def test_a_clear_sentence_names_the_file(message: str, clear: bool) -> None:
    assert is_clear(message, "a.pdf") is clear
