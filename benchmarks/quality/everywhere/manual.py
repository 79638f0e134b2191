"""List questions about manuals that anybody can have, whose answers were collected by hand from all their pages."""

from __future__ import annotations

import json
from pathlib import Path

from .register import ListQuestion

CASES = Path(__file__).parents[1] / "cases" / "lists.json"
QUESTIONS: dict[str, list[dict[str, object]]] = json.loads(CASES.read_text(encoding="utf-8"))


def manual_questions(name: str) -> list[ListQuestion]:
    """Return the questions about a manual."""
    return [ListQuestion(str(one["question"]), tuple(map(str, one["answers"]))) for one in QUESTIONS[name]]  # type: ignore[call-overload]
