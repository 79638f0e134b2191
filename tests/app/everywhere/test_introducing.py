"""A document's first page: its kind, its sections, and questions that it answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wholedoc import AskingParts, Introduction, Library, Settings
from wholedoc.documents.document import Document
from wholedoc.everywhere.asking import PartsAsking
from wholedoc.everywhere.introducing import introduce
from wholedoc.everywhere.notes import NOTE
from wholedoc.storage.notes import Notes

from ..conftest import Command
from .documents import document_of
from .scripted import Ruled
from .test_summarising import BOOK, first_sentence

QUESTIONS = {
    "office": "Where does every yacht report to?",
    "constable": "What papers does the passage speak of?",
    "toll": "How much does a yacht pay a night at the toll window?",
    "lamp": "What does a green lamp on the north gate mean?",
}


def rule(message: str) -> str:
    if message.startswith(NOTE):
        return first_sentence(message)
    if "What kind of document" in message:
        return "A harbour manual.\nIt is long."
    if "Answer Yes or No" in message:
        return "No" if "Where does" in message else "Yes"
    return next(question for word, question in QUESTIONS.items() if word in message)


def introduced(
    document: Document, writer: Ruled, notes: Notes | None = None
) -> tuple[list[AskingParts], Introduction]:
    events: list[AskingParts] = []
    making = introduce(PartsAsking((document,), "", writer, notes=notes))
    while True:
        try:
            events.append(next(making))
        except StopIteration as stop:
            return events, stop.value


def test_a_document_is_introduced_by_its_kind_its_sections_and_what_it_answers() -> None:
    events, introduction = introduced(BOOK, Ruled(rule))
    assert introduction.kind == "harbour manual"
    assert introduction.pages == len(BOOK.pages)
    assert [one.title for one in introduction.sections][-1] == "2 Departure"
    assert introduction.sections[-1].sentences[0].text.startswith("A green lamp")
    # What the writer does not find answered is left out, and so is what speaks of "the passage".
    assert introduction.questions == (QUESTIONS["toll"], QUESTIONS["lamp"])
    assert [(one.done, one.total) for one in events] == [(0, 4), (0, 4), (4, 4), (0, 4), (4, 4)]


def test_a_question_that_only_repeats_the_title_is_left_out() -> None:
    def titled(message: str) -> str:
        return "What does 2 Departure say?" if "Write one short question" in message else rule(message)

    assert introduced(BOOK, Ruled(titled))[1].questions == ()


def test_a_writer_that_chatters_about_the_kind_says_nothing_of_it() -> None:
    writer = Ruled(rule, cut_short=True)
    assert introduced(BOOK, writer)[1].kind == ""


def test_nothing_is_made_up_about_a_document_without_text() -> None:
    _, introduction = introduced(document_of("", " \n"), Ruled(rule))
    assert (introduction.kind, introduction.sections, introduction.questions) == ("", (), ())


def test_notes_are_shared_with_summaries(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "notes")
    introduced(BOOK, Ruled(rule), notes)
    writer = Ruled(rule)
    introduced(BOOK, writer, notes)
    assert not any(message.startswith(NOTE) for message in writer.told)


def test_an_introduction_is_kept_and_goes_with_its_document(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "notes")
    _, introduction = introduced(BOOK, Ruled(rule))
    assert notes.introduction(BOOK.id) is None
    notes.introduce(introduction)
    assert notes.introduction(BOOK.id) == introduction
    assert list(notes.leftovers([BOOK.id])) == []
    assert len(notes.leftovers([])) == 1
    (path,) = notes.folder.glob("*.json")
    for damaged in ("", "{}", "[]", path.read_text()[:-9]):
        path.write_text(damaged)
        assert notes.introduction(BOOK.id) is None
    notes.remove(BOOK.id)
    assert list(notes.folder.glob("*")) == []


@pytest.mark.embedded
def test_the_library_keeps_it(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_text("\f".join(page.text for page in BOOK.pages))
    writer = Ruled(rule)
    library = Library.open(settings=settings, writer=writer)
    document = library.parse(path)
    assert any(isinstance(event, AskingParts) for event in list(library.introduce(document)))
    told = len(writer.told)
    assert told > 0
    again = Library.open(library.folder.path, settings=settings, writer=writer)
    assert list(again.introduce(document.id)) == []  # nothing has to be done
    assert len(writer.told) == told
    library.remove(document.id)
    assert library.folder.notes.introduction(document.id) is None


@pytest.mark.embedded
def test_the_command_line(wholedoc: Command, tmp_path: Path, tiny_model: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_text("\f".join(page.text for page in BOOK.pages))
    models = ("--model", str(tiny_model), "--answer-model", str(tiny_model), "--chunk-tokens", "256")
    code, out, _ = wholedoc("show", path, *models)
    assert code == 0
    assert "book.txt" in out
    assert "3 pages" in out
    code, out, _ = wholedoc("show", path, "--json", *models)
    assert code == 0
    shown = json.loads(out)
    assert shown["pages"] == 3
    assert set(shown["sections"][0]["sentences"][0]["pages"]) <= {1, 2, 3}
