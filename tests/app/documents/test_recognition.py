"""Scanned pages and pictures are recognised: in order, with places, marked, stoppable, and within limits."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from parallelcomp import Cancelled
from wholedoc import Library
from wholedoc.documents import recognition as package
from wholedoc.documents.document import Document, Line, Page
from wholedoc.documents.extraction import read_document
from wholedoc.documents.extraction.pages.garbage import LEAST_WORDLIKE, is_garbage, wordlike_share
from wholedoc.documents.recognition import INSTALL, Recognition, child
from wholedoc.documents.recognition.boxes import quote_boxes
from wholedoc.documents.recognition.engine import _is_unread
from wholedoc.documents.recognition.layout import Piece, page_of
from wholedoc.documents.recognition.recognised import InvalidPageError, RecognisedPage, parse_page
from wholedoc.documents.recognition.recognition import RecognitionLimits
from wholedoc.documents.rendering import render_page
from wholedoc.errors import DocumentError, ExtractionLimitError, NoTextError, UnreadableFileError
from wholedoc.storage import shelf

from ..conftest import SAMPLES

SCANNED = "The lamp at North Mole was dark for one hour"
SCAN = SAMPLES / "scanned_page.pdf"


def picture(path: Path, page: int = 1) -> Image.Image:
    """The scanned leaf of the sample, as a picture."""
    return Image.open(io.BytesIO(render_page(path, page, width=1240).content)).convert("L")


@pytest.fixture(scope="module")
def recognised() -> tuple[Document, list[tuple[int, int]]]:
    """The sample with its scanned page recognised, and the progress that was told."""
    told: list[tuple[int, int]] = []
    document = read_document(SCAN, recognition=Recognition(lambda done, total: told.append((done, total))))
    return document, told


# --- the whole way --------------------------------------------------------------------------------------


def test_a_scanned_page_is_recognised_and_marked(recognised: tuple[Document, list[tuple[int, int]]]) -> None:
    document, told = recognised
    typed, scanned = document.pages
    assert typed.confidence is None
    assert typed.note == ""
    assert SCANNED in scanned.text
    assert "on 3 August while the wick was changed." in scanned.text
    assert scanned.confidence is not None
    assert scanned.confidence > 0.9
    assert scanned.note == f"recognised, confidence {scanned.confidence:.2f}"
    assert document.pages_without_text == ()
    assert document.warnings[0].startswith("1 of 2 pages was recognised from pictures (page 2), confidence 0.9")
    assert told == [(0, 1), (1, 1)]


def test_a_quote_of_it_has_its_place_on_the_page(recognised: tuple[Document, list[tuple[int, int]]]) -> None:
    page = recognised[0].pages[1]
    whole, *more = quote_boxes(page, f"{SCANNED}\non  3 August")
    assert len(more) == 1
    assert whole.top < more[0].top
    assert whole.width > more[0].width
    drawn = picture(SCAN, 2)
    edges = (whole.left, whole.top, whole.left + whole.width, whole.top + whole.height)
    left, top, right, bottom = (round(edge * side) for edge, side in zip(edges, drawn.size * 2, strict=True))
    inside = drawn.crop((left, top, right, bottom))
    ink = drawn.point(lambda level: 255 if level < 128 else 0).getbbox()
    assert ink is not None
    assert inside.getextrema()[0] < 128  # letters are in it
    assert abs(left - ink[0]) < 30
    assert quote_boxes(page, "nothing of the kind") == quote_boxes(page, " ") == ()


def test_it_is_kept_with_the_document_and_read_anew_only_if_it_was_not_recognised(
    recognised: tuple[Document, list[tuple[int, int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library.open()
    monkeypatch.setattr(shelf, "is_installed", lambda: False)
    assert library.parse(SCAN).pages_without_text == (2,)
    monkeypatch.setattr(shelf, "is_installed", lambda: True)
    calls: list[object] = []

    def instead(path: Path, **given: object) -> Document:
        calls.append(given["recognition"])
        return recognised[0]

    monkeypatch.setattr(shelf, "read_document", instead)
    assert library.parse(SCAN) == library.parse(SCAN) == recognised[0]
    assert len(calls) == 1
    assert isinstance(calls[0], Recognition)
    again = Library.open().document(recognised[0].id)
    assert again == recognised[0]
    assert isinstance(again.pages[1].lines[0], Line)


def test_pictures_are_documents(tmp_path: Path) -> None:
    leaf = picture(SCAN, 2)
    leaf.save(tmp_path / "two.tiff", save_all=True, append_images=[leaf.resize((930, 1315))])
    document = read_document(tmp_path / "two.tiff", recognition=Recognition())
    assert [page.label for page in document.pages] == ["1", "2"]
    assert all(SCANNED in page.text for page in document.pages)
    shown = render_page(tmp_path / "two.tiff", 2, width=400)
    assert (shown.width, shown.height) == (400, 565)
    with pytest.raises(DocumentError, match="has only 2 pages, so there is no page 3"):
        render_page(tmp_path / "two.tiff", 3)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_without_the_extra_the_command_is_named(tmp_path: Path, name: str) -> None:
    Image.new("L", (50, 50), 255).save(tmp_path / name)
    with pytest.raises(NoTextError, match=r"is a picture\. Text is recognised where") as caught:
        read_document(tmp_path / name)
    assert INSTALL in str(caught.value)
    assert INSTALL in read_document(SCAN).warnings[0]


def test_a_picture_of_nothing_has_no_text_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What recognises would also note an id for reports of its own among the temporary files."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    Image.new("L", (400, 300), 255).save(tmp_path / "white.png")
    with pytest.raises(NoTextError, match="none could be recognised"):
        read_document(tmp_path / "white.png", recognition=Recognition())
    assert list(scratch.iterdir()) == []


def test_lines_that_could_not_be_recognised_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    page = json.dumps({"index": 1, "text": "x", "confidence": 0.9, "lines": [], "unread": 2})
    _replace_worker(monkeypatch, f"print({page!r})")
    warnings = read_document(SCAN, recognition=Recognition()).warnings
    assert warnings[1].startswith("2 lines could not be recognised (page 2)")


@pytest.mark.parametrize(
    ("text", "width", "unread"),
    [("The office", 150, False), (".", 525, True), ("12", 38, False), ("", 20, True), ("T I T L E", 250, False)],
)
def test_a_line_with_next_to_no_letters_was_not_read(text: str, width: int, unread: bool) -> None:
    assert _is_unread([[10, 10], [10 + width, 10], [10 + width, 49], [10, 49]], text) is unread


# --- hostile pictures -----------------------------------------------------------------------------------


def test_damaged_and_huge_pictures_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    picture(SCAN, 2).save(buffer, "PNG")
    files = {
        "cut.png": (buffer.getvalue()[:2000], UnreadableFileError),
        "head.jpg": (b"\xff\xd8\xff\xe0" + bytes(50), UnreadableFileError),
        "loop.tiff": (b"II*\0\x08\0\0\0\0\0\x08\0\0\0", UnreadableFileError),
    }
    header = buffer.getvalue()[:16] + (200_000).to_bytes(4, "big") * 2 + buffer.getvalue()[24:]
    files["huge.png"] = (header, DocumentError)
    for name, (data, error) in files.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(error) as caught:
            read_document(tmp_path / name, recognition=Recognition())
        assert str(caught.value).startswith(name)
        assert "\n" not in str(caught.value)


def _replace_worker(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(child, "worker_command", lambda: [sys.executable, "-I", "-c", code])


def _page_line(index: int) -> str:
    return json.dumps({"index": index, "text": "x", "confidence": 1.0, "lines": []})


def test_it_can_be_stopped_between_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _replace_worker(monkeypatch, f"import time; print({_page_line(1)!r}, flush=True); time.sleep(60)")
    done: list[int] = []
    asked = Recognition(lambda count, _: done.append(count), cancelled=lambda: done[-1:] == [1])
    started = time.monotonic()
    with pytest.raises(Cancelled):
        read_document(SCAN, recognition=asked)
    assert done == [0, 1]
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os.abort()", "stopped by SIGABRT"),
        ("print('no answer')", "Expecting value"),
        ("pass", "it stopped before the last page"),
        (f"print({_page_line(0)!r})", "not a page that was asked for"),
        ("print('x' * 40_000_000)", "its answer is too large"),
    ],
)
def test_a_crashed_recogniser_is_one_clear_error(monkeypatch: pytest.MonkeyPatch, code: str, words: str) -> None:
    _replace_worker(monkeypatch, code)
    with pytest.raises(UnreadableFileError) as caught:
        read_document(SCAN, recognition=Recognition())
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_recogniser_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    _replace_worker(monkeypatch, "import time; time.sleep(60)")
    limits = RecognitionLimits(seconds=0.5, seconds_a_page=0.5)
    with pytest.raises(ExtractionLimitError, match="took more than 1 s"):
        read_document(SCAN, recognition=Recognition(limits=limits))


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b'{"index": 3, "text": "a", "confidence": 1, "lines": []}',
        b'{"index": 2, "text": ["a"], "confidence": 1, "lines": []}',
        b'{"index": 2, "text": "a", "confidence": 2, "lines": []}',
        b'{"index": 2, "text": "a", "confidence": NaN, "lines": []}',
        b'{"index": 2, "text": "a", "confidence": 1, "lines": [[0, 2, 0, 0, 0, 0]]}',
        b'{"index": 2, "text": "a", "confidence": 1, "lines": [[0, 1, 0, -1, 0, 0]]}',
        b'{"error": ["SystemExit", "gotcha"]}',
    ],
)
def test_answers_are_not_trusted(raw: bytes) -> None:
    with pytest.raises(InvalidPageError):
        parse_page(raw, frozenset([2]))


def test_sound_answers_come_back() -> None:
    page = RecognisedPage(2, "täxt", 0.5, (Line(0, 4, 0.1, 0.2, 0.3, 0.4),), unread=3)
    assert parse_page(page.to_json(), frozenset([2])) == page


# --- layout ---------------------------------------------------------------------------------------------


def piece(text: str, left: float, top: float, right: float, height: float = 0.02, tilt: float = 0.0) -> Piece:
    """A piece on a square page; tilted, it falls to the right."""
    fall = (right - left) * tilt
    top += left * tilt
    corners = ((left, top), (right, top + fall), (right, top + fall + height), (left, top + height))
    return Piece(text, 0.9, corners)


def test_cells_beside_each_other_are_a_row_even_if_the_page_is_tilted() -> None:
    rows = [("Boat", "Mooring", "Fee"), ("Bracken", "North", "4,200"), ("Peewit", "South", "1,150")]
    pieces = [
        piece(text, 0.1 + 0.3 * column, 0.1 + 0.03 * row, 0.22 + 0.3 * column, tilt=0.02)
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
    ]
    text, confidence, lines = page_of(pieces[::-1], 1.0)
    assert text == "Boat | Mooring | Fee\nBracken | North | 4,200\nPeewit | South | 1,150"
    assert confidence == 0.9
    assert [text[line.start : line.stop] for line in lines][3] == "Bracken"


def test_columns_are_read_one_after_the_other() -> None:
    left = [piece(f"left {number}", 0.08, 0.2 + 0.03 * number, 0.46) for number in range(8)]
    right = [piece(f"right {number}", 0.54, 0.2 + 0.03 * number, 0.92) for number in range(8)]
    title, foot = piece("A title over both", 0.1, 0.1, 0.9), piece("12", 0.49, 0.95, 0.51)
    mixed = [one for pair in zip(left, right, strict=True) for one in pair]
    text, _, _ = page_of([title, *mixed, foot], 1.4)
    lines = [line for line in text.split("\n") if line]
    assert lines == ["A title over both", *(f"left {n}" for n in range(8)), *(f"right {n}" for n in range(8)), "12"]


def test_paragraphs_are_apart() -> None:
    pieces = [piece("one", 0.1, 0.1, 0.9), piece("goes on", 0.1, 0.125, 0.9), piece("two", 0.1, 0.2, 0.9)]
    assert page_of(pieces, 1.4)[0] == "one\ngoes on\n\ntwo"
    assert page_of([], 1.4) == ("", 0.0, ())


def test_the_place_of_a_quote_is_its_part_of_the_line() -> None:
    page = Page("one two\nthree", "1", 0, 0.9, (Line(0, 7, 0.1, 0.1, 0.7, 0.02), Line(8, 13, 0.1, 0.2, 0.5, 0.02)))
    first, second = quote_boxes(page, "two three")
    assert (first.left, first.width) == (pytest.approx(0.5), pytest.approx(0.3))
    assert (second.left, second.width) == (0.1, 0.5)


# --- garbage --------------------------------------------------------------------------------------------

PROSE = (
    "The keeper's café closed at six; the pilots’ mess did not. Fees of 4,200 crowns were paid on 3 May by the"
    " master of the Grey Heron, HMS Wren and RFA Tern."
)


@pytest.mark.parametrize(
    "text",
    [
        PROSE,
        "Die Schifffahrtsgesellschaft schickt Ängste und Größe zum Bürgermeister; sechzehn Stück wurden verkauft."
        * 2,
        "W Szczebrzeszynie chrząszcz brzmi w trzcinie i Szczebrzeszyn z tego słynie." * 2,
        "Служба порта открыта с десяти часов утра, кроме понедельника, и закрыта в праздники." * 2,
        "港務局の事務所は月曜日を除いて午前十時から開いています。" * 5,
        "Boat | 4,200 | 5.1 | 26 | 77,390\n" * 10,
        "def read(path: Path) -> str:\n    return path.read_text(encoding='utf-8')  # the whole file\n" * 3,
        "WKH",
        "",
    ],
)
def test_text_is_no_garbage(text: str) -> None:
    assert not is_garbage(text), wordlike_share(text)


@pytest.mark.parametrize(
    "text",
    ["".join(chr(max(ord(sign) - 29, 33)) for sign in PROSE), "\ufffd\ue001" * 20, "xq7#~k^ zZrT bvGx lmPq " * 9],
)
def test_garbage_is_found(text: str) -> None:
    assert is_garbage(text), wordlike_share(text)
    assert wordlike_share(PROSE) > 0.9 > LEAST_WORDLIKE


def test_a_page_of_garbage_is_recognised_from_its_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    garbage = "".join(chr(max(ord(sign) - 29, 33)) for sign in PROSE)
    path = tmp_path / "garbage.pdf"
    drawing = canvas.Canvas(str(path))
    drawing.drawImage(ImageReader(Image.new("L", (8, 8), 128)), 0, 0, 500, 700)
    drawing.drawString(20, 400, garbage)
    drawing.showPage()
    drawing.save()
    (warning,) = read_document(path).warnings
    assert warning.startswith("1 of 1 pages has garbage for text (page 1)")
    _replace_worker(monkeypatch, f"print({_page_line(0)!r})")
    assert read_document(path, recognition=Recognition()).text == "x"


def test_nothing_is_imported_to_know_whether_it_is_installed() -> None:
    assert package.is_installed()
    assert "rapidocr" not in sys.modules
