"""Pictures are drawn from the figures that benchmarks wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from benchmarks.plots import draw
from benchmarks.report import Report
from benchmarks.speed.reading import add_ratios

LLAMA_CPP = [
    {"engine": "ours", "tokens": 2048, "read_s": 2.5},
    {"engine": "llama.cpp", "tokens": 2048, "read_s": 3.0},
    {"engine": "llama.cpp", "tokens": 8192, "read_s": 20.0},
    {"figure": "ours over llama.cpp at 2048 tokens", "read_tokens_per_s": 1.2},
]
CASE = {"task": "needle", "method": "ours", "tokens": 5000, "score": 1.0}  # one of those that the summary is of
QUALITY = [
    {"summary": task, "method": method, "length": length, "tokens": tokens, "score": score}
    for task in ("needle", "names")
    for method, score in (("ours", 0.9), ("the last tokens", 0.2))
    for length, tokens in ((4096, 4001), (None, 16384))
]


def reading() -> list[dict[str, Any]]:
    report = Report("reading")
    for way, lengths in (("ours", (2048, 8192, 65536)), ("plain", (2048, 8192))):
        for tokens in lengths:
            seconds = 1e-3 * tokens + (1e-7 * tokens**2 if way == "plain" else 0)
            report.add(way=way, varied="length", tokens=tokens, seconds=seconds)
    add_ratios(report)
    return report.rows


def write(folder: Path, **benchmarks: list[dict[str, Any]]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, rows in benchmarks.items():
        (folder / f"{name}.json").write_text(json.dumps({"benchmark": name, "rows": rows}))
    return folder


def labels(picture: Path) -> set[str]:
    """Return all texts in a picture, which must be well-formed XML."""
    tree = ElementTree.parse(picture)
    return {"".join(one.itertext()).strip() for one in tree.iter("{http://www.w3.org/2000/svg}text")}


def test_what_a_question_costs_is_drawn_by_what_is_scored(tmp_path: Path) -> None:
    rows = [
        {"way": way, "documents": 1, "tokens": tokens, "citations_s": tokens * cost}
        for way, cost in (("scan", 1e-6), ("likelihood", 2e-5))
        for tokens in (8192, 131072)
    ]
    results = write(tmp_path / "results", shelf=[{"document": "a.pdf", "tokens": 5, "opened_s": 1.0}, *rows])
    (asking,) = draw([results], tmp_path / "pictures")
    assert asking.name == "asking.svg"
    assert {"the scan's best parts scored", "every part scored", "8K", "128K"} <= labels(asking)


def test_measured_and_extrapolated_are_told_apart(tmp_path: Path) -> None:
    results = write(tmp_path / "results", reading=reading(), llama_cpp=LLAMA_CPP, quality=[CASE, *QUALITY])
    cost, quality = draw([results], tmp_path / "pictures")
    assert {"wholedoc", "transformers", "transformers, extrapolated", "llama.cpp"} <= labels(cost)
    assert {"2K", "8K", "64K", "tokens", "seconds to read"} <= labels(cost)
    assert "llama.cpp, flash attention" not in labels(cost)  # nobody measured it
    assert cost.read_text().count("stroke-dasharray") == 2  # the line and its place in the legend
    assert {"needle", "names", "4K", "16K", "ours", "the last tokens", "score"} <= labels(quality)


def test_pictures_are_legible_on_white_and_on_black(tmp_path: Path) -> None:
    results = write(tmp_path / "results", reading=reading(), quality=QUALITY)
    for picture in draw([results], tmp_path / "pictures"):
        text = picture.read_text()
        assert not re.search(r"(fill|stroke): ?#(000000|ffffff)", text)
        # What has no colour of its own is black.
        for line in re.findall(r"<text[^>]*>", text):
            assert "#7a7a7a" in line, line


def test_only_what_was_measured_is_drawn(tmp_path: Path) -> None:
    results = write(tmp_path / "results", quality=QUALITY)
    assert [path.name for path in draw([results], tmp_path / "pictures")] == ["quality.svg"]
    assert draw([tmp_path / "nothing"], tmp_path / "other") == []


def test_the_first_folder_that_has_figures_counts(tmp_path: Path) -> None:
    newer = write(tmp_path / "newer", quality=QUALITY[:4])
    older = write(tmp_path / "older", quality=QUALITY, reading=reading())
    cost, quality = draw([newer, older], tmp_path / "pictures")
    assert "names" not in labels(quality)
    assert "wholedoc" in labels(cost)


def test_the_same_figures_give_the_same_picture(tmp_path: Path) -> None:
    results = write(tmp_path / "results", reading=reading())
    (first,) = draw([results], tmp_path / "one")
    (second,) = draw([results], tmp_path / "two")
    assert first.read_bytes() == second.read_bytes()
