"""The sample document and its questions, as the benchmarks use them."""

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


def opened(path: Path, model: TextModel, tokens: int | None = None) -> TokenizedDocument:
    """The first `tokens` tokens of a file, or all of it."""
    whole = tokenize(read_document(path), model.tokenizer)
    return whole if tokens is None else front(whole, tokens)


def front(whole: TokenizedDocument, tokens: int) -> TokenizedDocument:
    """A document's first `tokens` tokens as one of its own. Raises ValueError if it has not so many."""
    if len(whole) < tokens:
        raise ValueError(f"{whole.document.name} has {len(whole)} tokens, not {tokens}")
    stop = int(whole.ends[tokens - 1])
    pages = [(page.text[: stop - page.offset], page.label) for page in whole.document.pages if page.offset < stop]
    cut = Document.from_pages(f"{whole.document.id}-{tokens}", whole.document.name, pages)
    return TokenizedDocument(cut, whole.token_ids[:tokens], whole.starts[:tokens], whole.ends[:tokens])


def front_questions(document: TokenizedDocument) -> list[str]:
    """The questions whose evidence is on the pages that there are of a sample document; all, if there is none."""
    pages = len(document.document.pages)
    questions = sample_questions(document.document.name)
    return [one.text for one in questions if one.pages and max(one.pages) <= pages] or [
        one.text for one in questions
    ]
