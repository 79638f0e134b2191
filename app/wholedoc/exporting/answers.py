"""Answers with their citations as a Word document."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from ..answer import Answer, Citation, Everywhere, Item
from ..documents.document import Document, place, places
from ..documents.extraction.pages.clean import clean_characters

_ITEM_COLUMNS = ("Found", "Document", "Place", "Quote", "Verified")


def answers_docx(answers: Sequence[Answer], documents: Mapping[str, Document] | None = None) -> bytes:
    """Return a Word document (.docx) of questions, answers and citations, one answer after the other.

    The numbers of the citations stand behind the sentences that they carry. `documents` by their ids serve to say
    which cited pages were recognised (OCR).
    """
    import docx

    file = docx.Document()
    for answer in answers:
        file.add_heading(_clean(answer.question), 1)
        if not answer.found:
            file.add_paragraph("The documents do not support an answer.").runs[0].italic = True
        everywhere = answer.everywhere
        if everywhere is not None and (everywhere.items or everywhere.sections):
            _add_everywhere(file, everywhere)
        else:
            _add_text(file, _with_numbers(answer))
        if answer.unsupported:
            file.add_paragraph(f"In none of the citations: {_clean(', '.join(answer.unsupported))}.")
        if answer.citations:
            file.add_heading("Citations", 2)
            for number, citation in enumerate(answer.citations, 1):
                _add_citation(file, number, citation, documents or {})
    buffer = io.BytesIO()
    file.save(buffer)
    return buffer.getvalue()


def _with_numbers(answer: Answer) -> str:
    """Return the answer's text with the numbers of the citations behind the sentences that they carry."""
    text, done = "", 0
    for one in answer.sources:
        numbers = "".join(f"[{number}]" for number in one.citations)
        text += answer.text[done : one.stop] + (f" {numbers}" if numbers else "")
        done = one.stop
    return text + answer.text[done:]


def _add_text(file: Any, text: str) -> None:
    for line in _clean(text).splitlines():
        if line.strip():
            file.add_paragraph(line.strip())


def _add_everywhere(file: Any, everywhere: Everywhere) -> None:
    if everywhere.lead:
        _add_text(file, everywhere.lead)
    for section in everywhere.sections:
        file.add_heading(_clean(section.title), 2)
        for one in section.sentences:
            file.add_paragraph(f"{_clean(one.text)} ({_clean(places(one.page_labels))})")
    if everywhere.items:
        _add_items(file, everywhere.items)
    file.add_paragraph(f"{everywhere.asked:,} of {everywhere.parts:,} parts were asked.")


def _add_items(file: Any, items: Sequence[Item]) -> None:
    table = file.add_table(rows=1, cols=len(_ITEM_COLUMNS), style="Table Grid")
    for cell, name in zip(table.rows[0].cells, _ITEM_COLUMNS, strict=True):
        cell.text = name
    for one in items:
        verified = "yes" if one.verified else "no"
        texts = (one.item, one.document, place(one.page_label) if one.quote else "", one.quote, verified)
        for cell, text in zip(table.add_row().cells, texts, strict=True):
            cell.text = " ".join(_clean(text).split())


def _add_citation(file: Any, number: int, citation: Citation, documents: Mapping[str, Document]) -> None:
    document = documents.get(citation.document_id)
    note = document.pages[citation.page - 1].note if document is not None else ""
    where = f"[{number}] {citation.document}, {place(citation.page_label)}" + (f" ({note})" if note else "")
    file.add_paragraph(_clean(where)).runs[0].bold = True
    file.add_paragraph(" ".join(_clean(citation.quote).split()), style="Quote")


def _clean(text: str) -> str:
    """Return text that XML can hold: documents and models write whatever they like."""
    return clean_characters(text).replace("\f", "\n")
