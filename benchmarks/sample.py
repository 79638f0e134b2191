"""The sample document and its questions, as the benchmarks use them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "sample_docs"
REGISTER = SAMPLES / "harbour_register.pdf"


@dataclass(frozen=True)
class SampleQuestion:
    """`pages` (1-based) carry the evidence; `answers` are accepted spellings. Both empty if unanswerable."""

    text: str
    answers: tuple[str, ...]
    pages: frozenset[int]
    kind: str


def sample_questions(file: str = REGISTER.name) -> list[SampleQuestion]:
    """All questions about a sample document, the unanswerable ones last."""
    content = json.loads((SAMPLES / "questions.json").read_text(encoding="utf-8"))
    (document,) = (one for one in content["documents"] if one["file"] == file)
    return [
        SampleQuestion(
            one["question"],
            (one["answer"], *one.get("aliases", ())) if one["answer"] else (),
            frozenset(one["pages"]),
            one["kind"],
        )
        for one in (*document["questions"], *document["unanswerable"])
    ]
