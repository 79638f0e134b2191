"""Answers as files: a Word document with citations, and the cited PDF with its quotes highlighted in place."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import docx
import pypdf
import pypdfium2
import pytest
from reportlab.pdfgen import canvas

from wholedoc import Answer, Citation
from wholedoc.answer import Everywhere, Item, SentenceSources, SummarySection, SummarySentence, Timings, Usage
from wholedoc.documents.document import Document
from wholedoc.documents.extraction import read_document
from wholedoc.documents.extraction.pages.extracted import InvalidResultError
from wholedoc.errors import UnreadableFileError
from wholedoc.exporting import answers_docx, marked_pdf, marking_worker
from wholedoc.exporting.marking import Mark, parse_answer

from ..conftest import SAMPLES, Command

NOTICE = SAMPLES / "short_notice.pdf"
QUOTE = "the lamp stands on the mole"


def cited(document: Document, page: int, quote: str) -> Citation:
    return Citation(document.id, document.name, page, document.pages[page - 1].label, quote, 1.0)


def answered(text: str, *citations: Citation) -> Answer:
    sources = (SentenceSources(0, text.index(".") + 1, (1,)),) if citations else ()
    usage, timings = Usage(1, 1, 1, 1, 1), Timings(0.1, 0.1, 0.1)
    return Answer("Where is the lamp?", text, True, (), citations, (), usage, timings, sources=sources)


# --- Word -----------------------------------------------------------------------------------------------


def test_an_answer_is_written_with_its_citations() -> None:
    pages = [("The lamp\nstands.", "iv"), ("x", "slide 2")]
    document = Document.from_pages("d1", "lamp.pdf", pages)
    recognised = replace(document, pages=(replace(document.pages[0], confidence=0.97), document.pages[1]))
    answer = answered("It stands. So they say.", cited(document, 1, "The lamp\nstands."), cited(document, 2, "x"))
    file = docx.Document(io.BytesIO(answers_docx([answer], {"d1": recognised})))
    assert [paragraph.text for paragraph in file.paragraphs] == [
        "Where is the lamp?",
        "It stands. [1] So they say.",
        "Citations",
        "[1] lamp.pdf, p. iv (recognised, confidence 0.97)",
        "The lamp stands.",
        "[2] lamp.pdf, slide 2",
        "x",
    ]


def test_what_was_found_everywhere_is_a_table_and_a_summary_has_its_sections() -> None:
    item = Item("Bracken", "d1", "log.pdf", 3, "3", "Bracken: 4\nlitres", verified=False)
    section = SummarySection("Oil", "d1", "log.pdf", (1, 2), (SummarySentence("Oil ran.", (1, 2), ("1", "2")),))
    everywhere = Everywhere(9, 7, items=(item,), sections=(section,), lead="One was found.")
    answer = replace(answered("One."), everywhere=everywhere, found=False, unsupported=("4,200",))
    file = docx.Document(io.BytesIO(answers_docx([answer])))
    texts = [paragraph.text for paragraph in file.paragraphs]
    assert "The documents do not support an answer." in texts
    assert texts[2:] == [
        "One was found.",
        "Oil",
        "Oil ran. (p. 1, 2)",
        "7 of 9 parts were asked.",
        "In none of the citations: 4,200.",
    ]
    rows = [[cell.text for cell in row.cells] for row in file.tables[0].rows]
    assert rows[1] == ["Bracken", "log.pdf", "p. 3", "Bracken: 4 litres", "no"]


def test_whatever_a_model_writes_can_be_written() -> None:
    hostile = "\0\x1b[31m\ud800<w:t>&amp;\ufffe\f."
    document = Document.from_pages("d1", hostile, [(hostile, hostile)])
    content = answers_docx([answered(hostile, cited(document, 1, hostile))])
    assert "[31m<w:t>&amp;" in docx.Document(io.BytesIO(content)).paragraphs[1].text


# --- PDF ------------------------------------------------------------------------------------------------


def lamp_pdf(path: Path, turned: int = 0) -> Path:
    """A page with the quote on two lines, turned by so many degrees, and cropped."""
    drawing = canvas.Canvas(str(path), pagesize=(600, 400))
    drawing.drawString(150, 300, "As all know, the lamp stands")
    drawing.drawString(150, 280, "on the mole by night.")
    drawing.showPage()
    drawing.save()
    writer = pypdf.PdfWriter(clone_from=str(path))
    writer.pages[0].rotate(turned)
    writer.pages[0].cropbox = pypdf.generic.RectangleObject((50, 40, 560, 390))
    writer.write(path)
    return path


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_quote_is_highlighted_where_it_stands(tmp_path: Path, turned: int) -> None:
    path = lamp_pdf(tmp_path / "lamp.pdf", turned)
    document = read_document(path)
    other = Citation("another", "other.pdf", 1, "1", "x", 1.0)
    marked = marked_pdf(path, document, [other, cited(document, 1, QUOTE), cited(document, 1, "not there at all")])
    assert [one.quote for one in marked.not_found] == ["not there at all"]
    first, second = (one.get_object() for one in pypdf.PdfReader(io.BytesIO(marked.content)).pages[0]["/Annots"])
    assert first["/Subtype"] == "/Highlight"
    assert first["/Contents"] == "[2]"
    page = pypdfium2.PdfDocument(marked.content)[0]
    text = page.get_textpage()
    found = []
    for annotation in (first, second):
        left, bottom, right, top = map(float, annotation["/Rect"])
        found.append(text.get_text_bounded(left - 1, bottom - 1, right + 1, top + 1).strip())
        assert len(annotation["/QuadPoints"]) == 8
    assert sorted(found) == ["on the mole", "the lamp stands"]
    assert pypdf.PdfReader(io.BytesIO(marked.content)).pages[0].extract_text().startswith("As all know")


def test_what_cannot_be_marked_is_told(tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("The lamp stands on the mole.")
    (tmp_path / "cut.pdf").write_bytes(lamp_pdf(tmp_path / "lamp.pdf").read_bytes()[:300])
    document = read_document(text)
    for file, words in (
        (text, r"^a.txt is not a PDF, so nothing can be marked in it: export to .docx"),
        (SAMPLES / "encrypted.pdf", "is encrypted"),
        (tmp_path / "cut.pdf", "is damaged"),
    ):
        with pytest.raises(UnreadableFileError, match=words):
            marked_pdf(file, replace(document, name=file.name), [])
    kept = tmp_path / document.id  # as the library keeps files
    kept.write_text("The lamp stands on the mole.")
    cited = Citation(document.id, document.name, 1, "1", "The lamp stands", 1.0)
    with pytest.raises(UnreadableFileError, match=r"^a.txt is not a PDF"):
        marked_pdf(kept, document, [cited])


def test_a_hostile_answer_of_the_worker_is_an_error() -> None:
    for raw in (b"", b"[]", b'{"error": ["SystemExit", "x"]}', b"no PDF"):
        with pytest.raises(InvalidResultError):
            parse_answer(raw)
    assert parse_answer(b"%PDF-1.7") == b"%PDF-1.7"


def test_the_corners_of_a_mark_follow_the_turn_of_the_page() -> None:
    box = pypdf.generic.RectangleObject((0, 0, 100, 200))
    mark = Mark(0, 0.0, 0.0, 0.5, 0.25, "")
    assert marking_worker.on_page(mark, box, 0) == (0, 150, 50, 200)
    assert marking_worker.on_page(mark, box, 90) == (0, 0, 25, 100)
    assert marking_worker.on_page(mark, box, 180) == (50, 0, 100, 50)
    assert marking_worker.on_page(mark, box, 270) == (75, 100, 100, 200)


# --- the command line -----------------------------------------------------------------------------------


@pytest.mark.embedded
@pytest.mark.usefixtures("with_embedded_model")
def test_the_command_line_writes_both(wholedoc: Command, tmp_path: Path) -> None:
    answer, evidence = tmp_path / "answer.docx", tmp_path / "evidence.pdf"
    question = "Which radio channel should a yacht use to announce herself?"
    code, out, err = wholedoc("ask", NOTICE, "-q", question, "--export", answer, "--export", evidence)
    assert code == 0, err
    assert "[1]" in out
    assert docx.Document(str(answer)).paragraphs[0].text == question
    assert any("/Annots" in page for page in pypdf.PdfReader(evidence).pages)


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_read(
    wholedoc: Command, tmp_path: Path
) -> None:
    for name, words in (("a.odt", "ends in .docx or .pdf"), ("none/a.docx", "is not there")):
        code, _, err = wholedoc("ask", NOTICE, "-q", "?", "--export", tmp_path / name)
        assert code == 2
        assert words in err
