"""What a PDF says by its source, and what is counted of it."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest
from benchmarks.errors import NotInstalledError
from benchmarks.quality.extraction import run as extraction
from benchmarks.quality.extraction.truth import letters, read_source, rows, runs

LATEX = r"""\documentclass{article} % a comment with nine words that nobody should ever find
\begin{document}
One two three four five six seven eight nine. \cite{one} Too short to count.
\begin{equation} a b c d e f g h i j k \end{equation}
\begin{tabular}{ll}\toprule Month & Highest \\ \midrule May & 5.1\\ June & \\ \multicolumn{2}{c}{all} \\
\end{tabular}
\end{document}"""


def test_runs_are_of_prose_alone() -> None:
    found = runs(LATEX, latex=True)
    assert found == [
        letters("one two three four five six seven eight"),
        letters("two three four five six seven eight nine"),
    ]


def test_rows_are_cells_as_letters() -> None:
    assert rows(LATEX) == [["month", "highest"], ["may", "51"]]


def test_cells_are_apart_where_more_than_a_space_is_between_them() -> None:
    cells = ["may", "51"]
    for line, expected in (("May | 5.1", True), ("May   5.1", True), ("|May|5.1|", True), ("May 5.1", False)):
        assert extraction._best([line], cells) is expected
    assert extraction._best(["May", "5.1"], cells) is None


def test_sources_may_be_packed(tmp_path: Path) -> None:
    path = tmp_path / "a.tex.gz"
    path.write_bytes(gzip.compress(b"text"))
    assert read_source(path) == "text"


def test_a_file_of_the_list_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ...app.documents.extraction_files import text_pdf

    monkeypatch.setattr(shutil, "which", lambda _: None)
    (tmp_path / "policy.pdf").write_bytes(text_pdf([["One two three four five", "six seven eight nine."]]))
    (tmp_path / "policy.txt.gz").write_bytes(gzip.compress(b"One two three four five six seven eight nine."))
    report = extraction.run(True, tmp_path)
    (row,) = report.rows
    assert (row["file"], row["tool"], row["runs"], row["in_order"]) == ("policy.pdf", "wholedoc", 2, 1.0)


def test_where_no_file_is_there_the_commands_are_said(tmp_path: Path) -> None:
    with pytest.raises(NotInstalledError, match="apt-get download"):
        extraction.run(True, tmp_path)
