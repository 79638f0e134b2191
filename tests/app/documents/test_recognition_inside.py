"""Pictures and scanned pages are recognised where they lie in archives and messages, too."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from benchmarks.robustness.office_files import zipped
from PIL import Image

from wholedoc import Library
from wholedoc.documents.document import Document
from wholedoc.documents.extraction import read_document
from wholedoc.documents.extraction.limits import DEFAULT_LIMITS
from wholedoc.documents.extraction.pages.extracted import Extracted, InvalidResultError, parse_result
from wholedoc.documents.extraction.reading import read
from wholedoc.documents.extraction.source import Budget, Source
from wholedoc.documents.formats import FileKind
from wholedoc.documents.recognition import INSTALL, Recognition
from wholedoc.documents.recognition.pictures import NoPicture, pictures
from wholedoc.documents.recognition.scan import Scan
from wholedoc.documents.rendering import render_page
from wholedoc.errors import ExtractionLimitError, NoTextError
from wholedoc.storage import shelf

from ..conftest import SAMPLES

SCANNED = "The lamp at North Mole was dark for one hour"
SCAN = SAMPLES / "scanned_page.pdf"


@pytest.fixture(scope="module")
def leaf() -> bytes:
    """The scanned leaf of the sample as a PNG."""
    buffer = io.BytesIO()
    drawn = Image.open(io.BytesIO(render_page(SCAN, 2, width=1240).content))
    grey = drawn.convert("L")
    left, top, right, bottom = grey.point(lambda level: 255 if level < 128 else 0).getbbox() or (0, 0, 0, 0)
    grey.crop((left - 40, top - 40, right + 40, bottom + 40)).save(buffer, "PNG")  # less to look at
    return buffer.getvalue()


def message(*attached: tuple[str, bytes]) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "harbour@example.org", "The lamp"
    mail.set_content("See what is attached.")
    for name, data in attached:
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


@pytest.fixture(scope="module")
def document(leaf: bytes, tmp_path_factory: pytest.TempPathFactory) -> tuple[Document, list[tuple[int, int]]]:
    """An archive of a text, a scan, a damaged picture, and a message with a picture and an archive of another."""
    files = {
        "a.txt": "words",
        "b/scan.pdf": SCAN.read_bytes(),
        "c.png": leaf[:3000],
        "d.eml": message(("first.png", leaf), ("more.zip", zipped({"x.txt": "x", "deep.png": leaf}))),
    }
    path = tmp_path_factory.mktemp("inside") / "a.zip"
    path.write_bytes(zipped(files))
    told: list[tuple[int, int]] = []
    return read_document(path, recognition=Recognition(lambda *how_far: told.append(how_far))), told


def test_what_lies_in_an_archive_is_recognised(document: tuple[Document, list[tuple[int, int]]]) -> None:
    found, told = document
    recognised = {page.label: page for page in found.pages if page.confidence is not None}
    assert list(recognised) == ["b/scan.pdf: 2", "d.eml: first.png: 1", "d.eml: more.zip: deep.png: 1"]
    assert all(SCANNED in page.text and page.lines for page in recognised.values())
    assert [entry.title for entry in found.outline if entry.level == 1] == ["a.txt", "b/scan.pdf", "c.png", "d.eml"]
    assert told == [(done, 4) for done in range(5)]


def test_a_damaged_picture_is_named_and_the_others_are_recognised(
    document: tuple[Document, list[tuple[int, int]]],
) -> None:
    first, second = document[0].warnings
    assert first.startswith("3 of 8 pages were recognised from pictures (pages 3, 6-7)")
    assert second.startswith("Not recognised (page 4): c.png is damaged")
    assert not any(INSTALL in warning for warning in document[0].warnings)


def test_what_was_read_without_the_extra_is_recognised_when_it_is_added_again(
    document: tuple[Document, list[tuple[int, int]]], leaf: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"a.png": leaf, "scan.pdf": SCAN.read_bytes(), "b.txt": "words"}))
    library = Library.open()
    monkeypatch.setattr(shelf, "is_installed", lambda: False)
    before = library.parse(path)
    assert sum(INSTALL in warning for warning in before.warnings) == 2
    assert len(before.pages) == 3
    monkeypatch.setattr(shelf, "is_installed", lambda: True)
    monkeypatch.setattr(shelf, "read_document", lambda *_, **__: document[0])
    assert library.parse(path) == document[0]


def test_an_archive_of_nothing_that_can_be_recognised_says_why(leaf: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"a.png": leaf[:3000]}))
    with pytest.raises(NoTextError, match=r"none could be recognised on its pictures\. a\.png is damaged"):
        read_document(path, recognition=Recognition())


# --- bounds ---------------------------------------------------------------------------------------------


def source(data: bytes, limits_entries: int = 20_000) -> Source:
    limits = type(DEFAULT_LIMITS)(archive_entries=limits_entries)
    return Source(data, "a.zip", FileKind.ZIP, None, limits, Budget(limits), read, recognised=True)


def test_an_archive_is_opened_once_for_all_pages_in_it(leaf: bytes) -> None:
    """Unpacking it for each page would count its files each time, beyond what may be unpacked."""
    inner = zipped({f"{number}.png": leaf for number in range(3)})
    data = zipped({"one.zip": inner, "two.zip": inner})
    scans = read(source(data)).scans
    assert [(scan.page, scan.inside) for scan in scans] == [
        (page, (page // 3, page % 3)) for page in range(6)
    ]  # fmt: skip
    assert [page for page, _ in pictures(source(data, limits_entries=8), scans)] == list(range(6))
    with pytest.raises(ExtractionLimitError, match="unpacks to"):
        read(source(data, limits_entries=7))


def test_a_file_that_cannot_be_drawn_is_no_picture_and_the_rest_goes_on(leaf: bytes) -> None:
    data = zipped({"a.png": leaf[:3000], "b.png": leaf})
    (first, no_picture), (second, drawn) = pictures(source(data), [Scan(0, 0, (0,)), Scan(1, 0, (1,))])
    assert (first, second) == (0, 1)
    assert isinstance(no_picture, NoPicture)
    assert no_picture.reason.startswith("a.png is damaged")
    assert drawn.size == Image.open(io.BytesIO(leaf)).size


def test_what_is_attached_to_a_message_is_found_again(leaf: bytes) -> None:
    mail = replace(source(message(("lamp.png", leaf), ("other.png", leaf))), kind=FileKind.EMAIL)
    extracted = read(mail)
    assert [label for _, label in extracted.pages] == ["message", "lamp.png: 1", "other.png: 1"]
    assert extracted.scans == (Scan(1, 0, (0,)), Scan(2, 0, (1,)))
    assert [page for page, _ in pictures(replace(mail, budget=Budget(mail.limits)), extracted.scans)] == [1, 2]


@pytest.mark.parametrize(
    "scan",
    [
        {"page": 1, "page_in_file": 0, "inside": []},
        {"page": 0, "page_in_file": -1, "inside": []},
        {"page": 0, "page_in_file": 0, "inside": [0, 0, 0, 0]},
        {"page": 0, "page_in_file": 0, "inside": ["0"]},
        {"page": 0, "page_in_file": 0, "inside": "0"},
        {"page": True, "page_in_file": 0, "inside": []},
        {"page": 0, "inside": []},
        3,
    ],
)
def test_where_a_scan_is_is_not_trusted(scan: object) -> None:
    sound = Extracted((("", "1"),), scans=(Scan(0, 4, (1, 2)),))
    assert parse_result(sound.to_json(), DEFAULT_LIMITS) == sound
    raw = json.dumps({"pages": [["", "1"]], "outline": [], "warnings": [], "scans": [scan]}).encode()
    with pytest.raises(InvalidResultError):
        parse_result(raw, DEFAULT_LIMITS)
