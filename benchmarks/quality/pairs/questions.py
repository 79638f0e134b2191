"""The documents that pairs are asked about, with the questions to each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wholedoc.documents.document import PAGE_SEPARATOR, Document
from wholedoc.documents.extraction import read_document

from ...errors import CasesError
from ...sample import REGISTER, SAMPLES, SampleQuestion, sample_files, sample_questions
from ..cases import leval
from ..cases.evidence import evidence_pages

NOTICE = SAMPLES / "short_notice.pdf"
# Questions about manuals that anybody can have, for instance from the Debian packages that the file names.
MANUALS = Path(__file__).parents[1] / "cases" / "manuals.json"
# The same about cells of tables, by the names of their rows and columns.
TABLES = Path(__file__).parents[1] / "cases" / "tables.json"


@dataclass(frozen=True)
class Asked:
    """A document, the questions about it, and what kind of document the figures are counted under."""

    kind: str
    document: Document
    questions: tuple[SampleQuestion, ...]


def samples(quick: bool) -> Iterator[Asked]:
    """Yield the sample documents, or, if `quick`, the short one."""
    for path in (NOTICE,) if quick else (NOTICE, REGISTER):
        yield Asked(path.name, read_document(path), tuple(sample_questions(path.name)))


def manuals(folder: Path) -> Iterator[Asked]:
    """Yield the manuals, and the documents with tables, that stand in `folder`. Raises CasesError if none does."""
    known = {file: cases for cases in (MANUALS, TABLES) for file in sample_files(cases)}
    found = [path for path in sorted(folder.glob("*.pdf")) if path.name in known]
    if not found:
        raise CasesError(f"{folder} has none of {', '.join(known)}: see docs/benchmarks.md")
    for path in found:
        document = read_document(path)
        yield Asked(path.name, document, tuple(sample_questions(path.name, known[path.name])))


def files(paths: Sequence[Path], documents: int | None, questions: int | None) -> Iterator[Asked]:
    """Yield the first documents of files in the format of L-Eval, each with its first questions.

    Only questions with an answer that the document says word for word are asked. Raises CasesError.
    """
    for path in paths:
        for number, source in enumerate(leval.sources(path)[:documents], 1):
            pages = [(text, str(page)) for page, text in enumerate(source.pages, 1)]
            name = f"{path.stem}-{number}"
            some = tuple(_question(source, one) for one in source.asked[:questions])
            document = Document.from_pages(name, name, pages, separator=PAGE_SEPARATOR)
            yield Asked(path.stem, document, tuple(one for one in some if one.pages))


def _question(source: leval.Source, asked: leval.Asked) -> SampleQuestion:
    pages = evidence_pages(source.pages, asked.answers, asked.metric)
    return SampleQuestion(asked.question, asked.answers, frozenset(page + 1 for page in pages), "natural")
