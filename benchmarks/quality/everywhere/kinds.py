"""Which kind a question is, by its words: on questions that were written by somebody who did not know the rule."""

from __future__ import annotations

import json
from pathlib import Path

from wholedoc import Kind
from wholedoc.everywhere.wording import kind_of

from ...report import Report

CASES = Path(__file__).parents[1] / "cases" / "kinds.json"


def add_kinds(report: Report) -> None:
    """Report how many questions are put to the right kind of task, and how many to the right scope."""
    cases = [(count, text, Kind(kind)) for count, text, kind in json.loads(CASES.read_text(encoding="utf-8"))]
    said = [kind_of(text, count) for count, text, _ in cases]
    pairs = [(one, kind) for one, (_, _, kind) in zip(said, cases, strict=True)]
    report.add(
        figure="kinds",
        questions=len(cases),
        right=sum(one is kind for one, kind in pairs),
        scope_right=sum((one is Kind.ONE_PLACE) is (kind is Kind.ONE_PLACE) for one, kind in pairs),
        wrong=[
            f"{text}: {one.value}, not {kind.value}"
            for one, (_, text, kind) in zip(said, cases, strict=True)
            if one is not kind
        ],
    )
