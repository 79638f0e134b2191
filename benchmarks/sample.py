"""The sample documents and the questions about them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from wholedoc.documents.document import Document
from wholedoc.documents.extraction import read_document
from wholedoc.documents.tokenized import TokenizedDocument, tokenize
from wholedoc.models.text_model import TextModel

SAMPLES = Path(__file__).parents[1] / "sample_docs"
REGISTER = SAMPLES / "harbour_register.pdf"
QUESTIONS = SAMPLES / "questions.json"


@dataclass(frozen=True)
class SampleQuestion:
    """A question about a sample document.

    `pages` (1-based) hold the evidence and `answers` are the accepted spellings; both are empty if the document
    does not answer the question.
    """

    text: str
    answers: tuple[str, ...]
    pages: frozenset[int]
    kind: str


def sample_files(questions: Path = QUESTIONS) -> list[str]:
    """Return the names of the documents that a file of questions is about."""
    content = json.loads(questions.read_text(encoding="utf-8"))
    return [one["file"] for one in content["documents"]]


def sample_questions(file: str = REGISTER.name, questions: Path = QUESTIONS) -> list[SampleQuestion]:
    """Return all questions about a document, by default a sample document; the unanswerable ones come last."""
    content = json.loads(questions.read_text(encoding="utf-8"))
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


def opened(path: Path, model: TextModel, tokens: int | None = None) -> TokenizedDocument:
    """Read a file and return its first `tokens` tokens, or all of them. Raises ValueError if it has fewer."""
    whole = tokenize(read_document(path), model.tokenizer)
    return whole if tokens is None else front(whole, tokens)


def front(whole: TokenizedDocument, tokens: int) -> TokenizedDocument:
    """Return a document of another's first `tokens` tokens. Raises ValueError if the other has fewer."""
    if len(whole) < tokens:
        raise ValueError(f"{whole.document.name} has {len(whole)} tokens, not {tokens}")
    stop = int(whole.ends[tokens - 1])
    pages = [(page.text[: stop - page.offset], page.label) for page in whole.document.pages if page.offset < stop]
    cut = Document.from_pages(f"{whole.document.id}-{tokens}", whole.document.name, pages)
    return TokenizedDocument(cut, whole.token_ids[:tokens], whole.starts[:tokens], whole.ends[:tokens])


def front_questions(document: TokenizedDocument) -> list[str]:
    """Return the questions whose evidence is on the pages of `document`, the front of a sample document.

    Returns all questions about the sample document if there is no such question.
    """
    pages = len(document.document.pages)
    questions = sample_questions(document.document.name)
    return [one.text for one in questions if one.pages and max(one.pages) <= pages] or [
        one.text for one in questions
    ]
