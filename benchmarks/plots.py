"""Draws the pictures of docs/benchmarks.md from the figures that the other benchmarks wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .report import RESULTS
from .speed.cost_curve import CostCurve

DOCS = Path(__file__).parents[1] / "docs"
PICTURES = DOCS / "pictures"
# A benchmark's figures are looked for here: first this machine's own, then the published ones.
SOURCES = (RESULTS, DOCS / "results")
Rows = list[dict[str, Any]]

# The colours are legible on a white page and on a dark one: none is very light or very dark.
GREY = "#7a7a7a"
COLOURS = ("#0f8f8f", "#d1642a", "#7a6fd0", "#ad8a1e", "#c2508f", "#5b8f3a")
STYLE: Any = {
    "svg.fonttype": "none",  # text stays text, drawn in a font of the reader's
    "svg.hashsalt": "wholedoc",  # the same figures give the same file
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": GREY,
    "axes.labelcolor": GREY,
    "axes.edgecolor": GREY,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=COLOURS),
    "xtick.color": GREY,
    "ytick.color": GREY,
    "grid.color": GREY,
    "grid.alpha": 0.25,
    "lines.markersize": 4,
    "legend.frameon": False,
}
MARKS = 6  # an axis has room for so many
# The second and third run did the same tasks at other lengths and with other methods.
QUALITY = ("quality", "quality-524288", "quality-truncated")


def draw(sources: Sequence[Path] = SOURCES, pictures: Path = PICTURES) -> list[Path]:
    """Draw every picture that there are figures for, and return the paths of the pictures.

    Each benchmark's figures are taken from the first of the folders `sources` that has them.
    """
    reading, llama_cpp = (_rows(sources, name) for name in ("reading", "llama_cpp"))
    quality = [row for name in QUALITY for row in _rows(sources, name)]
    with matplotlib.rc_context(STYLE):
        figures = {
            "cost": _cost(reading, llama_cpp),
            "quality": _quality(quality),
            "asking": _asking(_rows(sources, "shelf")),
        }
        return [_save(figure, pictures / f"{name}.svg") for name, figure in figures.items() if figure is not None]


def _rows(sources: Sequence[Path], name: str) -> Rows:
    """Return the rows that a benchmark wrote, or no rows if it was not run."""
    for folder in sources:
        if (path := folder / f"{name}.json").exists():
            rows: Rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
            return rows
    return []


def _save(figure: Figure, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, transparent=True, bbox_inches="tight", metadata={"Date": None})
    return path


def _cost(reading: Rows, llama_cpp: Rows) -> Figure | None:
    """Draw seconds to read against length: measured figures as dots and lines, extrapolated ones dashed."""
    by_length = [row for row in reading if row.get("varied") == "length"]
    series = {
        "wholedoc": _points([row for row in by_length if row["way"] == "ours"], "seconds"),
        "transformers": _points([row for row in by_length if row["way"] == "plain"], "seconds"),
        **{
            engine: _points([row for row in llama_cpp if row.get("engine") == engine], "read_s")
            for engine in ("llama.cpp", "llama.cpp, flash attention")
        },
    }
    if not series["wholedoc"]:
        return None
    figure, axes = _by_length(series, "seconds to read")
    _extrapolate(axes, reading, series["transformers"][-1][0], series["wholedoc"][-1][0])
    axes.legend()
    return figure


def _asking(shelf: Rows) -> Figure | None:
    """Draw seconds from a question to its citations against the tokens it goes to, by what is scored."""
    names = {"scan": "the scan's best parts scored", "likelihood": "every part scored"}
    series = {
        name: _points([row for row in shelf if row.get("way") == way], "citations_s") for way, name in names.items()
    }
    if not any(series.values()):
        return None
    figure, axes = _by_length(series, "seconds to the citations")
    axes.legend()
    return figure


def _by_length(series: Mapping[str, list[tuple[int, float]]], label: str) -> tuple[Figure, Axes]:
    """Draw a line for each series of seconds against tokens, both on logarithmic axes."""
    figure = Figure(figsize=(5.2, 3.2))
    axes = figure.add_subplot()
    for name, points in series.items():
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", label=name)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.set_ylabel(label)
    _length_axis(axes, sorted({tokens for points in series.values() for tokens, _ in points}))
    return figure, axes


def _extrapolate(axes: Axes, reading: Rows, measured: int, longest: int) -> None:
    """Continue the line of plain transformers by its fitted curve, from `measured` to `longest` tokens."""
    (fit,) = (row for row in reading if "a" in row and "b" in row)
    curve = CostCurve(fit["a"], fit["b"])
    tokens = [measured * (longest / measured) ** (step / 16) for step in range(17)]
    axes.plot(
        tokens, [curve.seconds(one) for one in tokens], "--", color=COLOURS[1], label="transformers, extrapolated"
    )


def _quality(rows: Rows) -> Figure | None:
    """Draw score against length, with a panel for each task and a line for each method."""
    scored = [
        {
            "task": row["summary"],
            "method": row["method"],
            "tokens": row["length"] or row["tokens"],  # cases from files were not made at a given length
            "score": row["score"],
        }
        for row in rows
        if "summary" in row
    ]
    tasks = list(dict.fromkeys(row["task"] for row in scored))
    methods = list(dict.fromkeys(row["method"] for row in scored))
    if not tasks:
        return None
    columns = min(3, len(tasks))
    lines = -(-len(tasks) // columns)
    figure = Figure(figsize=(0.6 + 2.5 * columns, 0.8 + 2.1 * lines), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False, sharey=True).flatten()
    for axes, task in zip(panels, tasks, strict=False):
        here = [row for row in scored if row["task"] == task]
        for number, method in enumerate(methods):
            points = _points([row for row in here if row["method"] == method], "score")
            if points:
                colour = COLOURS[number % len(COLOURS)]
                dashes = ("-", "--", ":")[number // len(COLOURS) % 3]
                axes.plot(*zip(*points, strict=True), dashes, color=colour, marker="o", label=method)
        axes.set_ylim(-0.03, 1.03)
        axes.text(0.02, 1.04, task, transform=axes.transAxes)
        _length_axis(axes, sorted({row["tokens"] for row in here}))
    for axes in panels[len(tasks) :]:
        axes.remove()
    for axes in panels[::columns][:lines]:
        axes.set_ylabel("score")
    handles = {
        label: line for axes in panels for line, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=min(4, len(handles)))
    return figure


def _points(rows: Rows, figure: str) -> list[tuple[int, float]]:
    """Return (tokens, figure) in order of length, the mean where a length has several rows."""
    lengths = sorted({row["tokens"] for row in rows})
    return [(tokens, fmean(row[figure] for row in rows if row["tokens"] == tokens)) for tokens in lengths]


def _length_axis(axes: Axes, lengths: Sequence[int]) -> None:
    """Make the x axis logarithmic in tokens; mark the lengths measured, or powers of four if those are too many."""
    axes.set_xscale("log", base=2)
    powers = [4**power for power in range(16) if lengths[0] <= 4**power <= lengths[-1]]
    marks = lengths if len(lengths) <= MARKS else powers
    axes.set_xticks(marks, [f"{tokens / 1024:.3g}K" for tokens in marks])
    axes.minorticks_off()
    axes.set_xlabel("tokens")
    axes.grid(visible=True)
