"""What clients ask a cluster, how long they wait, and what comes back."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from .started import PATIENCE_S

# A server that is replacing a replica says 503, and when to come again; so often a client does that.
RETRIES = 10
RETRIED = frozenset({429, 503})


@dataclass(frozen=True)
class Question:
    """A question to one document, by the document's number."""

    document: int
    text: str


@dataclass(frozen=True)
class Asked:
    """One question's answer: its words and quotes, None if it failed; when it began (monotonic), and seconds."""

    question: Question
    answer: tuple[str, tuple[str, ...]] | None
    began: float
    waited_s: float
    engine_s: float
    errors: tuple[str, ...] = ()


def document_text(number: int, entries: int = 60) -> str:
    """Return a document that differs from all others, about 25 tokens an entry."""
    lines = [
        f"Entry {n} of log {number}. Vessel {n * 7 + number} came in with {n * 13 + number} crates of salt."
        for n in range(entries)
    ]
    return "\n\n".join(lines)


def questions_to(documents: int, count: int, seed: int = 1) -> list[Question]:
    """Return so many questions to documents that are drawn at random."""
    draw = random.Random(seed)
    drawn = [(draw.randrange(documents), draw.randrange(60)) for _ in range(count)]
    return [Question(document, f"How many crates came in with vessel {7 * n + document}?") for document, n in drawn]


def upload(http: httpx.Client, text: str, name: str) -> str:
    """Upload a text as a file, and return its id."""
    answer = http.post("/v1/files", files={"file": (name, text.encode())}, data={"purpose": "user_data"})
    return str(answer.raise_for_status().json()["id"])


def ask_all(url: str, ids: Sequence[str], questions: Sequence[Question], clients: int) -> list[Asked]:
    """Ask all questions by so many clients at once, each with its connection, and return what came back."""
    with (
        httpx.Client(base_url=url, timeout=PATIENCE_S, limits=httpx.Limits(max_connections=clients)) as http,
        ThreadPoolExecutor(clients) as pool,
    ):
        return list(pool.map(lambda one: ask(http, ids[one.document], one), questions))


def ask(http: httpx.Client, id: str, question: Question) -> Asked:
    """Ask one question; where the server says that it may be asked again, ask again."""
    content = [{"type": "file", "file": {"file_id": id}}, {"type": "text", "text": question.text}]
    body = {"messages": [{"role": "user", "content": content}], "user": f"client of {question.document}"}
    errors: list[str] = []
    began = time.monotonic()
    for _ in range(RETRIES):
        answer = http.post("/v1/chat/completions", json=body)
        if answer.status_code == 200:
            said: dict[str, Any] = answer.json()
            took = said["timings"]
            engine_s = (took["first_token_ms"] + took["predicted_ms"]) / 1000
            return Asked(question, _said(said), began, time.monotonic() - began, engine_s, tuple(errors))
        errors.append(f"{answer.status_code} {answer.text[:200]}")
        if answer.status_code not in RETRIED:
            break
        time.sleep(float(answer.headers.get("retry-after", 1)) / 5)
    return Asked(question, None, began, time.monotonic() - began, 0.0, tuple(errors))


def differing(asked: Sequence[Asked], expected: Mapping[Question, Any]) -> list[dict[str, Any]]:
    """Return the answers that are not what one process says, each with its question and what that says."""
    return [
        {"document": one.question.document, "question": one.question.text, "said": one.answer, "wanted": wanted}
        for one in asked
        if one.answer is not None and one.answer != (wanted := expected[one.question])
    ]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of them lies."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def _said(answer: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    message = answer["choices"][0]["message"]
    return message["content"], tuple(one["file_citation"]["quote"] for one in message["annotations"])
