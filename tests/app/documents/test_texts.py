"""Documents that come as text, from programs: exact, recognised, kept beside the shelf, and not for ever."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wholedoc import Document, Done, Library, Planned, Reading
from wholedoc.documents.extraction.pages.paging import divide, paginate
from wholedoc.documents.texts import pages_document, text_document, title
from wholedoc.errors import NoTextError, TextError, UnknownDocumentError
from wholedoc.storage.home import home

from ..conftest import Command

LINES = [f"Entry {n}. On day {n % 28 + 1} vessel {n * 7} came in with {n * 13} crates of salt." for n in range(300)]
TEXT = "\n".join(LINES)
LONG_TEXTS = st.lists(
    st.sampled_from(["a", "word ", "\n", "\n\n", "\f", ". ", "x" * 2999, "word " * 800, "x" * 13000]), max_size=12
).map("".join)


def read(library: Library, document: Document) -> Planned:
    planned, *_ = library.read(document)
    assert isinstance(planned, Planned)
    return planned


@given(LONG_TEXTS)
def test_pages_put_together_are_the_text(text: str) -> None:
    pages = divide(text)
    assert "".join(page for page, _ in pages) == text
    assert "".join(page for page, _ in paginate(text)) == text.replace("\f", "")
    labels = [label for _, label in pages]
    assert len(set(labels)) == len(labels)


@given(LONG_TEXTS.filter(str.strip))
def test_a_text_is_kept_exactly(text: str) -> None:
    document = text_document(text)
    assert document.text == text
    for page in document.pages:
        assert document.text[page.offset : page.offset + len(page.text)] == page.text


def test_pages_keep_their_labels_and_the_id_tells_everything_apart() -> None:
    pages = [("First.", "iv"), ("", "v"), ("Third.", "1")]
    document = pages_document(pages, "a.pdf")
    assert [(page.text, page.label) for page in document.pages] == pages
    others = [pages_document(pages, "b.pdf"), pages_document([*pages[:2], ("Third.", "2")], "a.pdf")]
    ids = {one.id for one in (document, *others, text_document(document.text, "a.pdf"))}
    assert len(ids) == 4
    assert pages_document(pages, "a.pdf").id == document.id


@pytest.mark.parametrize("text", ["%PDF-1.7 ...", "file_path: a.pdf\n\n%PDF-1.3\n1 0 obj endobj"])
def test_the_raw_bytes_of_a_pdf_are_refused(text: str) -> None:
    with pytest.raises(TextError, match="give the file itself"):
        text_document(text)


def test_what_is_no_text_is_refused() -> None:
    for blank in ("", " \n\f"):
        with pytest.raises(NoTextError):
            text_document(blank)
        with pytest.raises(NoTextError):
            pages_document([(blank, "1")], "a")
    with pytest.raises(TextError, match="U\\+D800"):
        text_document("half \ud800")
    assert text_document("A file begins with\n%PDF-1.7 or another version.").pages


def test_a_text_is_called_by_its_first_line() -> None:
    assert title("\n  The  Register \nof 1911") == "The Register"
    assert title("x" * 200) == "x" * 59 + "…"
    assert text_document("Some text", "name").name == "name"


@pytest.mark.embedded
def test_the_same_text_is_read_once(library: Library) -> None:
    first = library.remember(TEXT)
    assert read(library, first).cached_tokens == 0
    assert library.remember(TEXT) == first
    assert library.document(first.id) == first
    assert library.document(first.id[:9]) == first
    *_, done = library.stream([first.id], "What came in?")
    assert isinstance(done, Done)
    assert done.answer.usage.cached_tokens == done.answer.usage.document_tokens > 1000
    for citation in done.answer.citations:
        assert citation.quote in first.pages[citation.page - 1].text


@pytest.mark.embedded
@pytest.mark.parametrize("grown", [f"{TEXT}\nEntry 300. A late one.", f"A new first line.\n{TEXT}"])
def test_a_text_that_grew_costs_what_is_new(library: Library, grown: str) -> None:
    whole = read(library, library.remember(TEXT)).tokens
    planned = read(library, library.remember(grown))
    assert planned.tokens > whole
    assert planned.cached_tokens > planned.tokens * 0.6


@pytest.mark.embedded
def test_texts_stand_beside_the_shelf(library: Library, wholedoc: Command) -> None:
    document = library.remember(TEXT, "log")
    read(library, document)
    assert library.documents() == []
    (info,) = library.texts()
    assert (info.id, info.name, info.warm) == (document.id, "log", 1)
    assert library.folder.prune() == 0
    assert "1 text that programs have sent" in wholedoc("list")[1]
    assert "log" in wholedoc("list", "--texts")[1]
    assert wholedoc("remove", document.id)[0] == 0
    assert "empty" in wholedoc("list")[1]
    assert not list((home() / "kv").glob("*/*.safetensors"))


@pytest.mark.embedded
def test_the_least_recently_used_text_goes_first(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wholedoc.storage.folder.TEXTS", 2)
    kept, gone = library.remember(f"{TEXT}\nkept"), library.remember(TEXT[::-1])
    for document in (kept, gone):
        read(library, document)
    for age, document in ((100, kept), (50, gone)):
        os.utime(library.folder.texts.path(document.id), (age, age))
    library.remember(kept.text)
    chunks = len(list(library.folder.store))
    third = library.remember("Something else.")
    assert {info.id for info in library.texts()} == {kept.id, third.id}
    assert len(list(library.folder.store)) < chunks
    with pytest.raises(UnknownDocumentError):
        library.document(gone.id)
    assert read(library, library.remember(TEXT[::-1])).cached_tokens == 0  # nothing of it is left in memory


@pytest.mark.embedded
def test_a_text_that_went_can_still_be_asked_by_who_holds_it(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wholedoc.storage.folder.TEXTS", 1)
    held = library.remember(TEXT)
    library.remember("Something else.")
    events = list(library.stream([held], "What came in?"))
    assert isinstance(events[-1], Done)
    assert any(isinstance(event, Reading) for event in events)
