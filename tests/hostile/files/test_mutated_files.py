"""Damaged files of every format are read or refused in time, and leave nothing behind."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import psutil
import pytest
from benchmarks import report
from benchmarks.robustness import mutated_files
from benchmarks.robustness.honest_files import PASSWORD, honest_files
from benchmarks.robustness.mutated_files import LIMITS, run_mutated_files
from benchmarks.robustness.mutations import MUTATIONS, Mutation, mutated

from wholedoc.documents.extraction import read_document
from wholedoc.documents.formats import FileKind, kind_of_suffix


def test_every_kind_of_file_is_among_them_and_is_read_when_it_is_sound(tmp_path: Path) -> None:
    kinds = set()
    for name, data in honest_files().items():
        path = tmp_path / name
        path.write_bytes(data)
        kinds.add(kind_of_suffix(path.suffix))
        text = read_document(path, password=PASSWORD).text
        assert len(text) > 100
        assert path.suffix == ".pdf" or "The keeper's café" in text
    # The text of pictures is recognised elsewhere, and what was fetched from the web is no format of its own.
    assert kinds == set(FileKind) - {FileKind.IMAGE, FileKind.WEB_PAGE}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_seed_makes_the_same_damage_again(mutation: Mutation) -> None:
    data = honest_files()["short_notice.pdf"]
    assert mutation(data, Random(1)) == mutation(data, Random(1)) != data
    assert mutated(data, Random(2)) == mutated(data, Random(2))


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    figures = run_mutated_files(32, seed=18)
    assert figures.escaped == []
    assert figures.read + figures.refused.total() == figures.files == 32
    assert figures.read > 0
    assert figures.refused
    assert figures.slowest_seconds < LIMITS.seconds + 5, figures.slowest
    assert (figures.children_left, figures.files_left) == (0, 0)


def test_what_goes_wrong_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[psutil.Popen] = []

    def careless(path: Path, **_: object) -> None:
        Path(mutated_files.tempfile.gettempdir(), "left").touch()
        left.append(psutil.Popen(["sleep", "60"]))
        raise KeyError(path.name)

    monkeypatch.setattr(mutated_files, "read_document", careless)
    try:
        figures = run_mutated_files(1)
    finally:
        for process in left:
            process.kill()
            process.wait()
    assert (figures.children_left, figures.files_left, len(figures.escaped)) == (1, 1, 1)
    assert "KeyError" in figures.escaped[0]


def test_the_long_form_writes_its_figures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    monkeypatch.setattr("sys.argv", ["mutated_files", "4", "--seed", "2"])
    mutated_files.main()
    (row,) = json.loads((tmp_path / "mutated-files.json").read_text())["rows"]
    assert row["files"] == 4 == row["read"] + sum(row["refused"].values())
