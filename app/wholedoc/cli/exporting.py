"""Writes answers to the files that `--export` names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..documents.document import place
from ..errors import UnreadableFileError, WholedocError

if TYPE_CHECKING:
    from ..answer import Answer
    from ..documents.document import Document
    from ..library import Library

DOCX, PDF = ".docx", ".pdf"


def check_exports(files: Sequence[Path]) -> None:
    """Raise click.UsageError for a file that no answer can be written to."""
    for file in files:
        if file.suffix.lower() not in (DOCX, PDF):
            raise click.UsageError(f"--export {file}: name a file that ends in .docx or .pdf")
        if not file.parent.is_dir():
            raise click.UsageError(f"--export {file}: the folder {file.parent} is not there")


def export(
    files: Sequence[Path], library: Library, answers: Sequence[Answer], documents: Sequence[Document]
) -> None:
    """Write the answers: to .docx with their citations, to .pdf the document that they cite, its quotes marked.

    Raises DocumentError, and WholedocError where a file cannot be written.
    """
    from ..exporting import answers_docx
    from .printing.progress import tell

    for file in files:
        if file.suffix.lower() == DOCX:
            content = answers_docx(answers, {one.id: one for one in documents})
        else:
            content = _marked(library, answers, documents)
        try:
            file.write_bytes(content)
        except OSError as error:
            raise WholedocError(f"cannot write {file} ({error.strerror}): name another file") from error
        tell(f"written: {file}")


def _marked(library: Library, answers: Sequence[Answer], documents: Sequence[Document]) -> bytes:
    from ..exporting import marked_pdf
    from .printing.progress import tell

    citations = [citation for answer in answers for citation in answer.citations]
    cited = [one for one in documents if any(citation.document_id == one.id for citation in citations)]
    if not cited:
        raise UnreadableFileError("nothing is cited, so there is nothing to mark in a PDF.")
    if len(cited) > 1:
        raise UnreadableFileError(
            f"{len(cited)} documents are cited, and one PDF can be marked at a time: ask one document."
        )
    with library.folder.originals.opened(cited[0].id) as file:
        if file is None:
            raise UnreadableFileError(f"the file of {cited[0].name} is not in the library: add it again.")
        marked = marked_pdf(file, cited[0], citations)
    for citation in marked.not_found:
        tell(f"a quote was not found on {place(citation.page_label)} and is not marked: {citation.quote[:60]}")
    return marked.content
