"""A document as the viewer gets it: pictures and texts, places of words, and what cannot be shown."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from wholedoc import Document, Library, Settings
from wholedoc.documents.document import Line
from wholedoc.documents.rendering import Box
from wholedoc.errors import DocumentError, UnknownDocumentError
from wholedoc.storage.files.sealing import KEY_VARIABLE
from wholedoc.storage.home import home
from wholedoc.storage.shelf import file_id
from wholedoc_ui.app_state import AppState
from wholedoc_ui.serving.viewer import add_viewer
from wholedoc_ui.viewer import renderers
from wholedoc_ui.viewer.finding import MOST_LISTED, find, pieces, spans
from wholedoc_ui.viewer.viewer import LINGER_S, WIDEST, Viewer

from ...app.server.serving import until
from ..conftest import NOTICE, PASSWORD, SAMPLES, Put

TEXT = ["A page.", "It has the words of its quote, and some more WORDS of\nits own."]


@pytest.fixture
def viewer(app_state: AppState) -> Viewer:
    return app_state.viewer


@pytest.fixture
def notice(app_state: AppState) -> Document:
    return app_state.library.parse(NOTICE)


@pytest.fixture
def scan(app_state: AppState, tmp_path: Path) -> Document:
    """A picture whose text was recognised."""
    file = tmp_path / "scan.png"
    Image.new("L", (400, 600), 255).save(file)
    document = Document.from_pages(file_id(file), file.name, [("one two two", "1")])
    page = replace(document.pages[0], confidence=0.97, lines=(Line(0, 11, 0.1, 0.2, 0.55, 0.05),))
    document = replace(document, pages=(page,))
    app_state.library.folder.keep(document, file)
    return document


def workers() -> int:
    found = 0
    for one in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # it may end meanwhile
            found += "rendering.worker" in " ".join(one.cmdline())
    return found


# Contents and pages


def test_a_pdf_is_drawn_page_by_page(viewer: Viewer, notice: Document) -> None:
    contents = viewer.contents(notice.id)
    assert (contents.name, contents.is_drawn, contents.note) == ("short_notice.pdf", True, "")
    assert [one.label for one in contents.sheets] == [page.label for page in notice.pages]
    assert [one.letters for one in contents.sheets] == [len(page.text) for page in notice.pages]
    for page, sheet in enumerate(contents.sheets, 1):
        image = viewer.picture(notice.id, page, 600)
        assert image.width == 600
        assert image.height == pytest.approx(600 * sheet.shape, abs=2)
        assert Image.open(io.BytesIO(image.content)).size == (image.width, image.height)
    assert viewer.picture(notice.id, 1, 10**9).width == WIDEST


def test_readings_step_aside_while_a_page_is_drawn(
    viewer: Viewer, app_state: AppState, notice: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    stays: list[float] = []

    @contextmanager
    def first(linger_s: float) -> Iterator[None]:
        stays.append(linger_s)
        yield

    monkeypatch.setattr(app_state.courtesy, "first", first)
    viewer.picture(notice.id, 1, 300)
    assert stays == [LINGER_S]


def test_the_lines_of_a_drawn_page_say_what_it_says(viewer: Viewer, notice: Document) -> None:
    for number, page in enumerate(notice.pages, 1):
        lines = viewer.lines(notice.id, number)
        assert sorted(" ".join(one.text for one in lines).split()) == sorted(page.text.replace("|", " ").split())
        assert len(lines) > 5
        assert all(0 < one.box.width <= 1 and 0 < one.box.height < 0.1 for one in lines)


def test_the_lines_of_a_recognised_page_are_those_that_were_recognised(viewer: Viewer, scan: Document) -> None:
    (line,) = viewer.lines(scan.id, 1)
    assert (line.text, line.box) == ("one two two", Box(0.1, 0.2, 0.55, 0.05))


def test_a_quote_and_words_are_marked_on_a_drawn_page(viewer: Viewer, notice: Document) -> None:
    line = max(notice.pages[1].text.splitlines(), key=len)
    marks = viewer.marks(notice.id, 2, line, "the")
    assert len(marks.quote) >= 1
    assert len(marks.words) >= len(spans(notice.pages[1].text, " the ")) > 0
    assert viewer.marks(notice.id, 2, "", "") == viewer.marks(notice.id, 2, "nowhere at all here", "qqq")


def test_a_pdf_of_an_encrypted_library_is_drawn_alike(
    viewer: Viewer, notice: Document, settings: Settings, loaded: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = viewer.picture(notice.id, 1, 300)
    monkeypatch.setenv(KEY_VARIABLE, b64encode(bytes(32)).decode())
    monkeypatch.setenv("WHOLEDOC_HOME", f"{home()}-sealed")
    sealed = AppState(settings)
    sealed.library._model = loaded._model
    try:
        document = sealed.library.parse(NOTICE)
        assert b"%PDF" not in sealed.library.folder.originals.path(document.id).read_bytes()
        assert sealed.viewer.contents(document.id) == viewer.contents(notice.id)
        assert sealed.viewer.picture(document.id, 1, 300) == plain
        open_files = psutil.Process().num_fds()
        sealed.viewer.close()
        assert psutil.Process().num_fds() < open_files  # the file in memory has gone with what draws it
    finally:
        sealed.close()


def test_a_recognised_page_is_drawn_and_marked_by_its_lines(viewer: Viewer, scan: Document) -> None:
    contents = viewer.contents(scan.id)
    assert contents.is_drawn
    assert contents.sheets[0].shape == 1.5
    assert viewer.picture(scan.id, 1, 200).height == 300
    marks = viewer.marks(scan.id, 1, "one", "two")
    assert [(box.left, box.top) for box in marks.quote] == [(pytest.approx(0.1), 0.2)]
    assert [boxes[0].left for boxes in marks.words] == [pytest.approx(0.3), pytest.approx(0.5)]
    assert viewer.text(scan.id, 1, "", "").note == "recognised, confidence 0.97"


def test_a_text_is_shown_in_pieces(viewer: Viewer, put: Put) -> None:
    document = put("log.txt", TEXT)
    contents = viewer.contents(document.id)
    assert (contents.is_drawn, contents.note) == (False, "")
    page = viewer.text(document.id, 1, "the words of its quote", "words of")
    assert "".join(text for text, _ in page.pieces) == document.pages[0].text
    assert [text for text, marked in page.pieces if marked] == ["the words of its quote"]
    page = viewer.text(document.id, 1, "", "words of")
    assert [" ".join(text.split()) for text, marked in page.pieces if marked] == ["words of", "WORDS of"]
    with pytest.raises(DocumentError, match="no pages that can be drawn"):
        viewer.picture(document.id, 1, 600)
    assert viewer.marks(document.id, 1, "the", "words") == viewer.marks(document.id, 1, "", "")


def check_text_instead(viewer: Viewer, document: Document, words: str, folder: Path) -> None:
    """Check that the pages are shown as text, with a note that says why."""
    contents = viewer.contents(document.id)
    assert not contents.is_drawn
    assert words in contents.note
    assert str(folder) not in contents.note
    assert viewer.text(document.id, 1, "", "").pieces == ((document.pages[0].text, False),)


def test_a_file_that_is_missing_leaves_its_text(viewer: Viewer, app_state: AppState, notice: Document) -> None:
    app_state.library.folder.originals.remove(notice.id)
    check_text_instead(viewer, notice, "not in the library", app_state.library.folder.path)


def test_a_file_that_cannot_be_drawn_leaves_its_text(viewer: Viewer, app_state: AppState, notice: Document) -> None:
    app_state.library.folder.originals.path(notice.id).write_bytes(b"%PDF-1.7\nand nothing else")
    check_text_instead(viewer, notice, "cannot be drawn", app_state.library.folder.path)


def test_an_encrypted_file_leaves_its_text(viewer: Viewer, app_state: AppState) -> None:
    document = app_state.library.parse(SAMPLES / "encrypted.pdf", PASSWORD)
    check_text_instead(viewer, document, "encrypted", app_state.library.folder.path)


def test_what_is_not_there_is_not_shown(viewer: Viewer, app_state: AppState, notice: Document) -> None:
    for page in (0, -1, 6):
        with pytest.raises(DocumentError, match="no page"):
            viewer.picture(notice.id, page, 600)
    app_state.library.remove(notice.id)
    for show in (viewer.contents, partial(viewer.picture, page=1, width=600), partial(viewer.find, words="a")):
        with pytest.raises(UnknownDocumentError):
            show(notice.id)


# Finding


def test_words_are_found_whatever_their_case_and_spaces() -> None:
    document = Document.from_pages(
        "d1", "a.txt", [("The  pier.\nThe PIER and the\npier", "1"), ("No.", "2"), ("the pier", "3")]
    )
    found = find(document, " the pier ")
    assert found.total == 4
    assert [(one.page, one.number) for one in found.places] == [(1, 0), (1, 1), (1, 2), (3, 0)]
    assert (found.places[2].before[-4:], found.places[2].words) == ("and ", "the pier")
    assert find(document, "  ").total == find(document, "quay").total == find(document, "p.er").total == 0


def test_all_places_are_counted_and_the_first_listed() -> None:
    document = Document.from_pages("d1", "a.txt", [("word " * (MOST_LISTED + 7), "1")])
    found = find(document, "word")
    assert (len(found.places), found.total) == (MOST_LISTED, MOST_LISTED + 7)


@given(st.text(), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20))))
def test_pieces_are_the_text(text: str, marked: list[tuple[int, int]]) -> None:
    places = [(min(pair), min(max(pair), len(text))) for pair in marked if min(pair) < min(max(pair), len(text))]
    assert "".join(piece for piece, _ in pieces(text, places)) == text


# Routes


@pytest.fixture
def client(viewer: Viewer) -> Iterator[TestClient]:
    app = FastAPI()
    add_viewer(app, viewer)
    with TestClient(app) as client:
        yield client


def test_the_routes_answer_and_nothing_is_kept_by_the_browser(client: TestClient, notice: Document) -> None:
    at = f"/viewer/{notice.id}"
    answers = [
        client.get(at),
        client.get(f"{at}/find", params={"words": "harbour"}),
        client.get(f"{at}/2/picture", params={"width": 400}),
        client.get(f"{at}/2/text"),
        client.get(f"{at}/2/marks", params={"quote": "the", "words": "a"}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
    assert answers[0].json()["sheets"][0]["place"] == "p. i" or answers[0].json()["sheets"][0]["place"]
    assert answers[1].json()["total"] == len(answers[1].json()["places"])
    assert answers[2].headers["content-type"] == "image/png"
    assert set(answers[4].json()) == {"quote", "words"}


@pytest.mark.parametrize("id", ["unknown", "..", "%2e%2e%2fconversations", "a" * 64, "{x}"])
def test_a_document_that_is_not_there_is_one_sentence(client: TestClient, id: str) -> None:
    answer = client.get(f"/viewer/{id}/1/text")
    assert answer.status_code in (404, 422)
    assert str(Path.home()) not in answer.text


@pytest.mark.parametrize(
    "path",
    ["0/picture?width=9", "9/picture?width=9", "x/picture?width=9", "1/picture", "1/picture?width=x", "find"],
)
def test_senseless_requests_are_refused(client: TestClient, notice: Document, path: str) -> None:
    assert client.get(f"/viewer/{notice.id}/{path}").status_code == 422


# Processes


def test_few_processes_draw_and_idle_ones_end(
    viewer: Viewer, app_state: AppState, notice: Document, scan: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderers, "IDLE_S", 0.3)
    monkeypatch.setattr(renderers, "MOST", 1)
    before = workers()
    viewer.picture(notice.id, 1, 200)
    viewer.picture(scan.id, 1, 200)
    assert workers() == before + 1
    until(lambda: workers() == before)
    assert viewer.picture(notice.id, 1, 200).width == 200  # and start again
    app_state.close()
    until(lambda: workers() == before)
