"""Measures reading speed and memory: by length against plain transformers, and by the engine's settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from parallelcomp import KVPrecision

from ..child import in_child
from ..report import Report
from .cost_curve import CostCurve
from .reading_child import ReadingRequest, Way, measure

# The speed-up that arXiv 2502.14317 gives for its system on a GPU: 23 chunks in a pass over one at a time.
PAPER_BATCHING = 23.5


@dataclass(frozen=True)
class Lengths:
    """Lengths in tokens, ascending.

    `ours` and `plain` are measured in the default number format, `fp32` both ways in fp32. The engine's settings
    are compared at the length `settings`.
    """

    ours: tuple[int, ...]
    plain: tuple[int, ...]
    fp32: tuple[int, ...]
    settings: int


@dataclass(frozen=True)
class Choices:
    """The settings of the engine to compare; one is varied at a time."""

    chunk_tokens: tuple[int, ...]
    prefill_batch: tuple[int, ...]
    precision: tuple[KVPrecision, ...]

    def requests(self, base: ReadingRequest) -> list[tuple[str, ReadingRequest]]:
        """Return the name of what is varied and the request, for every value of every setting."""
        return [
            *(("chunk size", replace(base, chunk_tokens=one)) for one in self.chunk_tokens),
            *(("prefill batch", replace(base, prefill_batch=one)) for one in self.prefill_batch),
            *(("stored KV", replace(base, precision=one)) for one in self.precision),
        ]


FULL = Lengths((2048, 8192, 16384, 32768, 131072), (2048, 8192, 16384, 32768), (8192, 16384), 16384)
FULL_CHOICES = Choices(
    (512, 1024, 2048, 4096), (1, 2, 4, 8), (KVPrecision.BF16, KVPrecision.INT8, KVPrecision.INT4)
)
QUICK = Lengths((1024, 4096), (1024, 2048), (), 2048)
QUICK_CHOICES = Choices((), (1, 2), ())


def run(quick: bool) -> Report:
    """Measure tokens/s and peak memory of the engine and of plain transformers (full attention, same weights).

    Both are measured by length, in this machine's default number format and in fp32; the engine also by chunk size,
    by chunks in a pass and by the format of the stored KV.
    """
    report = Report("reading-quick" if quick else "reading")
    lengths, choices = (QUICK, QUICK_CHOICES) if quick else (FULL, FULL_CHOICES)
    measured: dict[ReadingRequest, dict[str, Any]] = {}
    by_length = [ReadingRequest(Way.OURS, tokens) for tokens in lengths.ours]
    by_length += [ReadingRequest(Way.PLAIN, tokens) for tokens in lengths.plain]
    by_length += [ReadingRequest(way, tokens, fp32=True) for way in Way for tokens in lengths.fp32]
    by_setting = choices.requests(ReadingRequest(Way.OURS, lengths.settings))
    for varied, request in [("length", one) for one in by_length] + by_setting:
        if request not in measured:
            measured[request] = in_child(measure, request)
        report.add(way=request.name, varied=varied, **measured[request])
    add_ratios(report)
    return report


def add_ratios(report: Report) -> None:
    """Add the ratios that follow from the report's rows."""
    rows = [row for row in report.rows if "varied" in row]
    seconds = {(row["way"], row["tokens"]): row["seconds"] for row in rows if row["varied"] == "length"}
    ours = _of("ours", seconds)
    first, last = min(ours), max(ours)
    base = 8192 if 8192 in ours else first
    flat = (ours[last] / last) / (ours[base] / base)
    report.add(figure=f"cost per token, {last} over {base} tokens", ratio=flat)
    for name in ("", " fp32"):
        for tokens, plain in _of(f"plain{name}", seconds).items():
            if mine := _of(f"ours{name}", seconds).get(tokens):
                figure = f"tokens/s, ours{name} over plain{name} transformers at {tokens} tokens"
                report.add(figure=figure, ratio=plain / mine)
    _add_curve(report, _of("plain", seconds), last, ours[last])
    _add_batching(
        report, {row["prefill_batch"]: row["seconds"] for row in rows if row["varied"] == "prefill batch"}
    )
    report.notes.append("ratios are within this run, both sides measured unless it says extrapolated")


def _of(way: str, seconds: dict[tuple[str, int], float]) -> dict[int, float]:
    """Return the seconds of one way, by length in tokens."""
    return {tokens: value for (name, tokens), value in seconds.items() if name == way}


def _add_curve(report: Report, plain: dict[int, float], longest: int, ours_s: float) -> None:
    """Add the fitted cost of plain transformers, its residuals, and what it predicts for the longest text."""
    curve = CostCurve.fit(list(plain), list(plain.values()))
    report.add(
        figure="fitted seconds of plain transformers, a*n + b*n^2 for n tokens", a=curve.linear, b=curve.square
    )
    for tokens, seconds in plain.items():
        report.add(
            figure="fit of plain transformers",
            tokens=tokens,
            measured_s=seconds,
            fitted_s=curve.seconds(tokens),
            residual=curve.residual(tokens, seconds),
        )
    extrapolated = curve.seconds(longest)
    report.add(
        figure="plain transformers, extrapolated by the fit",
        tokens=longest,
        extrapolated_s=extrapolated,
        tokens_per_s=longest / extrapolated,
    )
    report.add(
        figure=f"tokens/s, ours measured over plain transformers extrapolated, at {longest} tokens",
        ratio=extrapolated / ours_s,
    )


def _add_batching(report: Report, seconds: dict[int, float]) -> None:
    """Add the speed-up by batching chunks: over the same reading in single chunks, not over full attention."""
    for batch in sorted(set(seconds) - {1}):
        report.add(
            figure=f"batched against one chunk at a time, {batch} chunks a pass", ratio=seconds[1] / seconds[batch]
        )
    report.notes.append(
        f"batched against one chunk at a time: the paper says {PAPER_BATCHING} of its own system (23 chunks a pass "
        "against one, on a GPU); neither that nor the ratio here is a speed-up over full attention"
    )
