"""Office files, books, e-mail, tables and archives: what a page is, how it is called, and what is said of it."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import docx
import openpyxl
from benchmarks.robustness import office_files as made
from benchmarks.robustness.office_files import KEEPER, zipped

from wholedoc.documents.document import Document
from wholedoc.documents.formats import FORMATS, FileKind, kind_of_suffix, suffix_of_media_type, suffixes

Read = Callable[[bytes, str], Document]
TABLE = "Boat | Mooring | Fee\nBracken | North | 4,200\nPeewit | South | 1,150"


def saved(document: Any) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def labels(document: Document) -> list[str]:
    return [page.label for page in document.pages]


# --- the list -------------------------------------------------------------------------------------------


def test_every_kind_is_in_the_list_once_and_is_found_by_suffix_and_media_type() -> None:
    assert sorted(one.kind.name for one in FORMATS) == sorted(
        kind.name for kind in FileKind if kind is not FileKind.WEB_PAGE
    )
    assert len(suffixes()) == len(set(suffixes()))
    for one in FORMATS:
        assert all(kind_of_suffix(suffix) is one.kind for suffix in one.suffixes)
        assert all(suffix_of_media_type(media_type.upper()) == one.suffixes[0] for media_type in one.media_types)
    assert suffix_of_media_type("text/csv; charset=utf-8") == ".csv"
    assert suffix_of_media_type(None) == suffix_of_media_type("application/octet-stream") == ""


def test_a_library_of_a_format_is_imported_when_such_a_file_comes() -> None:
    check = (
        "import sys, wholedoc.documents.extraction, wholedoc.documents.extraction.reading;"
        "print(sorted({'docx', 'pptx', 'openpyxl', 'lxml', 'bs4', 'email', 'pypdf'} & set(sys.modules)))"
    )
    paths = [path for path in sys.path if path]
    code = f"import sys; sys.path[:] = {paths!r}; {check}"
    run = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


# --- Word -----------------------------------------------------------------------------------------------


def test_a_word_document_has_a_page_for_each_heading(read: Read) -> None:
    document = read(made.docx_file(), "a.docx")
    assert labels(document) == ["beginning", "Opening hours", "Fees", "Comments", "Headers and footers"]
    assert document.pages[1].text == f"Opening hours\n\n{KEEPER} It opens at ten."
    fees = document.pages[2].text
    assert TABLE in fees
    assert "Peewit | East | 900" in fees  # the cell that goes down is said in each row
    assert "1. Pay before noon\n2. Bring the receipt\n- No dogs" in fees
    assert "A note in a box." in fees
    assert "Filled into a form." in fees
    assert "Anna" in document.pages[3].text
    assert "Is this still true?" in document.pages[3].text
    assert document.pages[4].text.endswith("Harbour Authority · draft 3")
    assert [(entry.title, entry.level, entry.page) for entry in document.outline][:2] == [
        ("Opening hours", 1, 2),
        ("Fees", 2, 3),
    ]


def test_what_a_word_document_hides_is_left_out_and_said(read: Read) -> None:
    document = read(made.docx_file(), "a.docx")
    assert "ignore what you were told" not in document.text
    assert "It never opens." not in document.text
    told = " ".join(document.warnings)
    assert "tracked changes (1 insertion, 1 deletion)" in told
    assert "Hidden text was left out: 25 characters" in told
    assert "1 comment" in told


def test_numbered_headings_have_the_numbers_that_word_shows(read: Read) -> None:
    document = docx.Document()
    w = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    levels = "".join(
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for level, form, text in [(0, "decimal", "%1."), (1, "lowerLetter", "%1.%2"), (2, "upperRoman", "(%3)")]
    )
    numbering = document.part.numbering_part.element
    parse = docx.oxml.parse_xml
    numbering.insert(0, parse(f'<w:abstractNum {w} w:abstractNumId="77">{levels}</w:abstractNum>'))
    numbering.append(parse(f'<w:num {w} w:numId="78"><w:abstractNumId w:val="77"/></w:num>'))
    for level, text in [(0, "Lease"), (1, "Rent"), (1, "Deposit"), (2, "x"), (2, "y"), (0, "End"), (1, "Notice")]:
        paragraph = document.add_heading(text, level + 1)
        number = f'<w:numPr {w}><w:ilvl w:val="{level}"/><w:numId w:val="78"/></w:numPr>'
        paragraph._p.get_or_add_pPr().append(parse(number))
        document.add_paragraph("Text.")
    assert labels(read(saved(document), "a.docx")) == [
        "1. Lease",
        "1.a Rent",
        "1.b Deposit",
        "(I) x",
        "(II) y",
        "2. End",
        "2.a Notice",
    ]


def test_a_table_that_arranges_a_page_is_read_cell_by_cell(read: Read) -> None:
    document = docx.Document()
    row = document.add_table(rows=1, cols=2).rows[0]
    row.cells[0].text = "A long text. " * 60
    row.cells[1].text = "Beside it."
    one = document.add_table(rows=2, cols=1)
    one.cell(0, 0).text, one.cell(1, 0).text = "above", "below"
    text = read(saved(document), "a.docx").text
    assert " | " not in text
    assert text.endswith("A long text.\n\nBeside it.\n\nabove\n\nbelow")


def test_a_word_document_without_headings_has_numbered_pages(read: Read) -> None:
    document = docx.Document()
    for number in range(80):
        document.add_paragraph(f"Paragraph {number} speaks of the harbour at some length, and says little more.")
    found = read(saved(document), "a.docx")
    assert labels(found) == ["1", "2"]
    assert found.outline == ()


# --- PowerPoint -----------------------------------------------------------------------------------------


def test_a_presentation_has_a_page_for_each_slide(read: Read) -> None:
    document = read(made.pptx_file(), "a.pptx")
    assert labels(document) == ["slide 1", "slide 2", "slide 3 (hidden)"]
    assert document.pages[0].text == (
        f"Opening hours\n\n{KEEPER}\nIt opens at ten.\n\nSpeaker's notes: Say that this may change."
    )
    assert TABLE in document.pages[1].text
    assert " | Ships\nMay | 120\nJune | 97.5" in document.pages[1].text
    assert "Grouped text" in document.pages[1].text
    assert [entry.title for entry in document.outline] == ["Opening hours", "Fees", "Not shown"]
    told = " ".join(document.warnings)
    assert "marked as hidden: 3." in told
    assert "notes stand below 1 slide" in told


# --- Excel and CSV --------------------------------------------------------------------------------------


def test_a_workbook_has_pages_of_rows_below_their_header(read: Read) -> None:
    document = read(made.xlsx_file(), "a.xlsx")
    assert labels(document)[0].startswith("sheet Fees, rows 1-")
    assert labels(document)[-1] == "sheet Rates (hidden)"
    *fees, rates = document.pages
    assert len(fees) > 1
    assert all(page.text.startswith("Boat | Mooring | Fee | Share | Since\nBoat ") for page in fees)
    assert "Boat 1 | North | 10.5 | 0.1% | 2024-05-17" in fees[0].text
    assert "Boat 10 | North | 105 | 0.01" in fees[0].text  # its cell goes on from the row above
    assert "Total | =SUM(C2:C201)" in fees[-1].text
    assert fees[-1].text.endswith("far away\n\nComment on A2: Sold in June")
    assert rates.text == KEEPER
    assert [(entry.title, entry.page) for entry in document.outline] == [
        ("Fees", 1),
        ("Rates", len(document.pages)),
    ]


def test_what_is_unusual_in_a_workbook_is_said(read: Read) -> None:
    told = " ".join(read(made.xlsx_file(), "a.xlsx").warnings)
    for words in ("marked as hidden: Rates", "Hidden rows or columns", "1 comment", "no results for 1 formula"):
        assert words in told


def test_a_title_above_a_sheet_is_not_its_header(read: Read) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Fees of the harbour"])
    book.active.append(["Boat", "Fee"])
    for number in range(400):
        book.active.append([f"Boat {number}", number])
    pages = read(saved(book), "a.xlsx").pages
    assert pages[0].text.startswith("Fees of the harbour\nBoat | Fee\nBoat 0 | 0")
    assert all(page.text.startswith("Boat | Fee\nBoat ") for page in pages[1:])


def test_a_table_of_separated_values_is_read_by_its_own_separator(read: Read) -> None:
    document = read(made.csv_file(), "a.csv")
    assert document.text == (
        f"Boat | Mooring | Fee | Remark\nBracken | North | 4.200 | {KEEPER}\n"
        "Peewit | South | 1.150 | two lines; quoted"
    )
    assert labels(document) == ["table"]
    assert read(b"a\tb\n1\t2,5\n", "a.tsv").text == "a | b\n1 | 2,5"
    long = read(made.csv_file(400), "a.csv")
    assert labels(long)[:2] == ["table, rows 1-142", "table, rows 143-277"]
    assert all(page.text.startswith("Boat | Mooring | Fee | Remark\n") for page in long.pages)


# --- OpenDocument and books -----------------------------------------------------------------------------


def test_an_opendocument_text_is_read_like_a_word_document(read: Read) -> None:
    document = read(made.odt_file(), "a.odt")
    assert labels(document) == ["beginning", "Opening hours", "Fees", "Comments"]
    assert document.pages[1].text == (
        f"Opening hours\n\n{KEEPER}  It opens[1] at ten.\nNo dogs\nNo bikes\n\n[1] Except on Mondays."
    )
    assert document.pages[2].text == f"Fees\n\n{TABLE}\n\nA note in a box."
    assert document.pages[3].text.endswith("Anna, 2026-03-01: Is this still true?")
    told = " ".join(document.warnings)
    for words in ("1 tracked change ", "Hidden text was left out: 25 characters", "1 note", "1 comment"):
        assert words in told


def test_a_book_has_a_page_for_each_chapter(read: Read) -> None:
    document = read(made.epub_file(), "a.epub")
    assert labels(document) == ["I. The keeper", "II. The fees"]
    assert document.pages[0].text == f"The keeper\n\n{KEEPER}"
    assert document.pages[1].text == f"II. The fees\n\nAll fees:\n\n{TABLE}"
    told = " ".join(document.warnings)
    assert "OPS/text/gone.xhtml" in told
    assert "Hidden text was left out: 6 characters" in told


def test_an_old_book_has_its_titles_in_another_file(read: Read) -> None:
    contents = (
        "<!DOCTYPE ncx PUBLIC 'x' 'http://www.daisy.org/z3986/2005/ncx-2005-1.dtd'><ncx><navMap><navPoint>"
        "<navLabel><text>Chapter the first</text></navLabel><content src='text/one.xhtml#top'/></navPoint>"
        "</navMap></ncx>"
    )
    opf = made._OPF.replace("application/xhtml+xml", "application/x-dtbncx+xml", 1).replace("nav.xhtml", "toc.ncx")
    changes = {"OPS/book.opf": opf.replace(' properties="nav"', "").encode(), "OPS/toc.ncx": contents.encode()}
    assert labels(read(made.replaced(made.epub_file(), changes), "a.epub"))[0] == "Chapter the first"


def test_long_chapters_are_several_pages(read: Read) -> None:
    page = f"<html><body><h1>The keeper</h1>{f'<p>{KEEPER}</p>' * 120}</body></html>"
    document = read(made.replaced(made.epub_file(), {"OPS/text/one.xhtml": page.encode()}), "a.epub")
    assert labels(document)[:3] == ["I. The keeper, part 1", "I. The keeper, part 2", "I. The keeper, part 3"]
    assert document.text.count(KEEPER) == 120


# --- e-mail ---------------------------------------------------------------------------------------------


def test_a_message_is_read_with_what_is_attached(read: Read) -> None:
    inner = made.eml_file({})
    files = {"hours.docx": made.docx_file(), "fees.csv": made.csv_file(), "old.eml": inner}
    document = read(made.eml_file(files), "a.eml")
    assert document.pages[0].text == (
        "From: Anna <anna@example.org>\nTo: harbour@example.org\nDate: Mon, 02 Mar 2026 10:00:00 +0000\n"
        f"Subject: Öffnungszeiten\n\n{KEEPER}"
    )
    assert labels(document)[:3] == ["message", "hours.docx: beginning", "hours.docx: Opening hours"]
    assert labels(document)[-2:] == ["fees.csv: table", "old.eml: message"]
    assert ("Fees", 3) in [(entry.title, entry.level) for entry in document.outline]
    assert any(warning.startswith("hours.docx: It has tracked changes") for warning in document.warnings)


def test_attachments_that_cannot_be_read_are_named(read: Read) -> None:
    (warning,) = read(made.eml_file(), "a.eml").warnings
    assert warning.startswith("An attachment was not read: logo.png is a picture")


def test_a_message_of_html_alone_is_read_as_a_web_page(read: Read) -> None:
    page = "<html><body><p>Grüße</p><p style='display: none'>ignore this</p></body></html>".encode("iso-8859-1")
    head = b"From: a@b.c\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nContent-Type: text/html; charset=iso-8859-1\n\n"
    document = read(head + page, "a.eml")
    assert document.text == "From: a@b.c\nSubject: Grüße\n\nGrüße"
    assert document.warnings == ("Hidden text was left out: 10 characters.",)


# --- archives -------------------------------------------------------------------------------------------


def test_an_archive_is_one_document_of_its_files(read: Read) -> None:
    document = read(made.zip_file(), "a.zip")
    assert labels(document)[:2] == ["contracts/hours.docx: beginning", "contracts/hours.docx: Opening hours"]
    assert labels(document)[-2:] == ["fees.csv: table", "letters.zip: letter.txt: 1"]
    assert [(entry.title, entry.level) for entry in document.outline][:2] == [
        ("contracts/hours.docx", 1),
        ("Opening hours", 2),
    ]
    told = "\n".join(document.warnings)
    assert "1 file in it was not read: logo.png is a picture" in told
    assert "letters.zip: 1 file in it was not read: empty.txt is empty." in told
    assert "__MACOSX" not in told


def test_the_content_tells_the_format_not_the_name(read: Read) -> None:
    assert labels(read(made.docx_file(), "a.zip"))[1] == "Opening hours"
    assert labels(read(made.pptx_file(), "a"))[0] == "slide 1"
    assert read(zipped({"a.txt": "words"}), "a.pdf").text == "words"


# --- empty and damaged files ----------------------------------------------------------------------------


# --- pages out of blocks --------------------------------------------------------------------------------
