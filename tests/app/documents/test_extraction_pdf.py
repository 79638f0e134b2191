"""Reading whole, sound PDF files: text, labels, outline, passwords, and what the warnings say."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable

import pypdf
import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from wholedoc.documents.document import Document, OutlineEntry
from wholedoc.documents.extraction import ExtractionLimits
from wholedoc.documents.extraction.pdf.extract import read_pdf
from wholedoc.documents.extraction.pdf.opening import Obstacle, Refusal
from wholedoc.documents.extraction.pdf.readers import PdfRequest
from wholedoc.documents.extraction.pdf.with_pypdf import PypdfReader
from wholedoc.documents.recognition import INSTALL
from wholedoc.errors import ExtractionLimitError, NoTextError, PasswordError

from .extraction_files import HELVETICA, one_page_pdf, raw_pdf, rewritten, show, stream, text_pdf

Read = Callable[..., Document]
PROSE = [["The reservoir was drained in 1931.", "Nobody was told."], ["Second page, about turbines."]]


def test_text_pages_name_and_id(read: Read) -> None:
    data = text_pdf(PROSE)
    document = read(data)
    assert [page.text for page in document.pages] == ["\n".join(lines) for lines in PROSE]
    assert document.name == "report.pdf"
    assert document.id == hashlib.sha256(data).hexdigest()
    assert document.warnings == ()
    assert document.text[document.pages[1].offset :].startswith("Second page")


def test_page_labels_and_nested_outline(read: Read) -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(text_pdf([[f"Page number {n}."] for n in range(6)])))
    writer.set_page_label(0, 1, style="/r")
    writer.set_page_label(2, 5, prefix="A-", style="/D", start=8)
    part = writer.add_outline_item(title="Part\tOne", page_number=2)
    chapter = writer.add_outline_item(title="Chapter", page_number=3, parent=part)
    writer.add_outline_item(title="Section", page_number=5, parent=chapter)
    writer.add_outline_item(title="Part Two", page_number=4)
    buffer = io.BytesIO()
    writer.write(buffer)
    document = read(buffer.getvalue())
    assert [page.label for page in document.pages] == ["i", "ii", "A-8", "A-9", "A-10", "A-11"]
    assert document.outline == (
        OutlineEntry("Part One", 1, 3),
        OutlineEntry("Chapter", 2, 4),
        OutlineEntry("Section", 3, 6),
        OutlineEntry("Part Two", 1, 5),
    )


def test_outline_entries_that_lead_nowhere_are_counted(read: Read) -> None:
    link = b"/A << /S /URI /URI (http://example.org/) >>"
    data = raw_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>",
            stream(show(b"Some text.")),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            b"<< /First 7 0 R /Last 10 0 R /Count 4 >>",
            b"<< /Title (Good) /Dest [3 0 R /Fit] /Next 8 0 R >>",
            b"<< /Title (Lost) /Dest [99 0 R /Fit] /Next 9 0 R >>",
            b"<< /Title (By index) /Dest [0 /Fit] /Next 10 0 R >>",
            b"<< /Title (Web) %s >>" % link,
        ]
    )
    document = read(data)
    assert [(entry.title, entry.page) for entry in document.outline] == [("Good", 1), ("By index", 1)]
    assert [warning for warning in document.warnings if "outline" in warning] == [
        "2 of 4 outline entries do not lead to a page of this file and were left out."
    ]


def test_divided_words_are_joined_and_hyphens_kept(read: Read) -> None:
    lines = ["A well-known fact: infor-", "mation wants to be well-", "known since 1990-", "1995 in A-", "B land."]
    expected = "A well-known fact: information\nwants to be well-known\nsince 1990-\n1995 in A-\nB land."
    assert read(text_pdf([lines])).text == expected


def test_ligatures_become_letters(read: Read) -> None:
    to_unicode = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <00> <FF>"
        b" endcodespacerange 2 beginbfchar <41> <FB01> <42> <FB03> endbfchar endcmap end end"
    )
    font = b"/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 7 0 R >> >>"
    page = raw_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << %s >> >>" % font,
            stream(show(b"Anding the oBce")),
            b"null",
            b"null",
            stream(to_unicode),
        ]
    )
    assert read(page).text == "finding the office"


def test_a_passage_with_replacement_text_is_read_as_its_replacement(read: Read) -> None:
    replaced = b"/Span << /ActualText (something else altogether was said) >> BDC %s EMC"
    document = read(one_page_pdf(stream(replaced % show(b"the words on the page"))))
    assert document.text == "something else altogether was said"
    assert document.warnings == ()


def test_a_file_whose_labels_cannot_be_read_keeps_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PypdfReader, "open", lambda *_: Refusal(Obstacle.DAMAGE, "broken"))
    extracted = read_pdf(PdfRequest(text_pdf(PROSE), "report.pdf", None, ExtractionLimits()))
    assert extracted.pages == (("\n".join(PROSE[0]), "1"), (PROSE[1][0], "2"))
    assert extracted.outline == ()
    assert extracted.warnings == (
        "The page labels and the outline are damaged and were left out: pages are numbered from 1.",
    )


def test_readers_that_count_different_pages_are_reported(read: Read) -> None:
    resources = b"/MediaBox [0 0 612 792] /Resources << /Font << /F1 7 0 R >> >>"
    page = b"<< /Type /Page /Parent 2 0 R /Contents %d 0 R " + resources + b" >>"
    data = raw_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 1 >>",
            page % 5,
            page % 6,
            stream(show(b"the first page")),
            stream(show(b"the second page")),
            HELVETICA,
        ]
    )
    document = read(data)
    assert document.text == "the first page"
    (warning,) = document.warnings
    assert warning.startswith("The file is damaged: one reader finds 1 pages in it and another 2.")


def _drawing(*pages: str) -> bytes:
    """Draw a page for each word, which is "text", "image" or "blank"."""
    buffer = io.BytesIO()
    drawing = canvas.Canvas(buffer)
    image = ImageReader(Image.new("L", (8, 8), 128))
    for page in pages:
        if page == "text":
            drawing.drawString(72, 700, "Readable words.")
        elif page == "image":
            drawing.drawImage(image, 0, 0, 500, 700)
        drawing.showPage()
    drawing.save()
    return buffer.getvalue()


def test_scanned_and_blank_pages_are_named(read: Read) -> None:
    document = read(_drawing("text", "image", "text", "blank", "image", "image", "text"))
    assert document.pages_without_text == (2, 4, 5, 6)
    scans, blank = document.warnings
    assert scans.startswith("3 of 7 pages have no text (pages 2, 5-6): they look like scans")
    assert INSTALL in scans
    assert blank == "1 of 7 pages is blank (page 4)."


@pytest.mark.parametrize(
    ("pages", "message"),
    [
        (("image", "image"), "looks like a scan: none of its 2 pages has text. Text is recognised where"),
        (("image",), "looks like a scan: its only page has no text"),
        (("blank", "blank"), "is blank: none of its 2 pages has text"),
    ],
)
def test_a_pdf_without_any_text_is_refused(read: Read, pages: tuple[str, ...], message: str) -> None:
    with pytest.raises(NoTextError, match=message) as caught:
        read(_drawing(*pages))
    assert caught.value.exit_code == 2


def test_text_of_fonts_without_letters_is_reported(read: Read) -> None:
    to_unicode = (
        b"begincmap 1 begincodespacerange <00> <FF> endcodespacerange"
        b" 1 beginbfrange <20> <7E> <E020> endbfrange endcmap"
    )
    font = b"/Font << /F2 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R >> >>"
    private = show(b"private signs").replace(b"/F1", b"/F2")
    data = one_page_pdf(stream(private), stream(to_unicode)).replace(b"/Font << /F1 5 0 R >>", font, 1)
    (warning,) = read(data).warnings[-1:]
    assert warning.startswith("1 of 1 pages has garbage for text (page 1)")


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256"])
def test_passwords(read: Read, algorithm: str) -> None:
    data = rewritten(text_pdf(PROSE), user_password="käse", owner_password="owner", algorithm=algorithm)
    with pytest.raises(PasswordError, match=r"report\.pdf is encrypted: give its password with --password\."):
        read(data)
    with pytest.raises(PasswordError, match="password is wrong"):
        read(data, password="wrong")
    for password in ("käse", "owner"):
        document = read(data, password=password)
        assert document.pages[1].text == "Second page, about turbines."
        assert document.warnings == ()


@pytest.mark.parametrize("password", [None, "not needed"])
def test_an_owner_password_alone_does_not_matter(read: Read, password: str | None) -> None:
    data = rewritten(text_pdf(PROSE), user_password="", owner_password="owner", algorithm="AES-256")
    assert read(data, password=password).pages[0].text.startswith("The reservoir")


def test_pages_and_characters_beyond_the_limits_are_refused(read: Read) -> None:
    data = text_pdf([["One page of words."]] * 3)
    with pytest.raises(ExtractionLimitError, match="has 3 pages, more than the limit of 2"):
        read(data, limits=ExtractionLimits(pages=2))
    with pytest.raises(ExtractionLimitError, match="more than 40 characters"):
        read(data, limits=ExtractionLimits(characters=40))
    with pytest.raises(ExtractionLimitError, match="more than the limit of 100"):
        read(data, limits=ExtractionLimits(file_bytes=100))
    assert len(read(data, limits=ExtractionLimits(pages=3, characters=60)).pages) == 3


def test_a_name_says_nothing_about_the_type(read: Read) -> None:
    assert read(text_pdf(PROSE), "notes.txt").pages[1].text == "Second page, about turbines."
    assert read(b"junk before it \xff\n" + text_pdf(PROSE), "x.md").pages[0].text.startswith("The reservoir")
