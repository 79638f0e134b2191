"""The questions as data: each with the pages of the built PDF on which its answer was found."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

from pypdf import PdfReader

from harbour import notice
from harbour.asked import Asked
from harbour.asked_tables import UNANSWERABLE
from harbour.planted import EVERY


def flat(text: str) -> str:
    """The text on one line, so that the ends of lines do not matter."""
    return " ".join(text.split())


def questions_json(register: bytes, short: bytes) -> bytes:
    """``questions.json`` for the two documents that are asked about."""
    documents = [
        _document("harbour_register.pdf", "r", register, EVERY, UNANSWERABLE),
        _document("short_notice.pdf", "n", short, notice.ASKED, notice.UNANSWERABLE),
    ]
    return (json.dumps({"documents": documents}, indent=2, ensure_ascii=False) + "\n").encode()


def _document(
    file: str, letter: str, pdf: bytes, asked: Sequence[Asked], unanswerable: Sequence[str]
) -> dict[str, Any]:
    reader = PdfReader(io.BytesIO(pdf))
    pages = [flat(page.extract_text()) for page in reader.pages]
    found = sorted(((_page_of(one, pages), one) for one in asked), key=lambda pair: pair[0])
    return {
        "file": file,
        "questions": [
            {
                "id": f"{letter}{number:02d}",
                "question": one.question,
                "answer": one.answer,
                "aliases": list(one.aliases),
                "pages": [page],
                "page_labels": [reader.page_labels[page - 1]],
                "kind": one.kind,
            }
            for number, (page, one) in enumerate(found, start=1)
        ],
        "unanswerable": [
            {
                "id": f"{letter}u{number}",
                "question": question,
                "answer": None,
                "aliases": [],
                "pages": [],
                "page_labels": [],
                "kind": "unanswerable",
            }
            for number, question in enumerate(unanswerable, start=1)
        ],
    }


def _page_of(one: Asked, pages: Sequence[str]) -> int:
    """The only page that holds the evidence, counted from one."""
    hits = [number for number, text in enumerate(pages, start=1) if flat(one.evidence) in text]
    if len(hits) != 1:
        raise ValueError(f"the evidence for {one.question!r} is on {len(hits)} pages, not one")
    return hits[0]
