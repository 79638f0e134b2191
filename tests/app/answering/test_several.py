"""A question about several things that it names: found, cited and answered for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from wholedoc import Cited, Done, Library, Scored, Settings, Token
from wholedoc.answering import pipeline

from ..test_library import PARAGRAPHS, write
from .test_with_writer import Scripted

pytestmark = [pytest.mark.embedded, pytest.mark.usefixtures("always_cites")]
QUESTION = "What are the loads of vessel number 7, vessel number 21 and vessel number 35?"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return write(tmp_path / "log.txt", PARAGRAPHS)


def test_each_thing_is_found_and_answered_by_itself(settings: Settings, document: Path) -> None:
    writer = Scripted(["salt"], ["Not stated."], ["rope", " and", " tar"])
    library = Library.open(settings=settings, writer=writer)
    events = list(library.stream([library.parse(document)], QUESTION))
    assert isinstance(events[-1], Done)
    answer = events[-1].answer
    assert (
        answer.text == "- vessel number 7: salt\n- vessel number 21: not stated\n- vessel number 35: rope and tar"
    )
    assert [one.text for one in events if isinstance(one, Token)] == answer.text.splitlines(keepends=True)
    asked = [told.rpartition("Question: ")[2] for told in writer.told]
    assert asked == [f"What are the loads of vessel number {number}?" for number in (7, 21, 35)]
    assert (answer.found, answer.question, answer.usage.answer_tokens) == (True, QUESTION, 5)
    assert answer.timings.first_token_s <= answer.timings.total_s

    (scored,) = [one for one in events if isinstance(one, Scored)]
    (cited,) = [one for one in events if isinstance(one, Cited)]
    assert (scored.chunks, cited.citations) == (answer.chunks, answer.citations)
    alone = [
        library.ask([library.parse(document)], about) for about in asked if writer._said.append(["salt"]) is None
    ]
    assert [one.citations[0] for one in alone] == list(answer.citations[: len(alone)])
    assert len(set(answer.citations)) == len(answer.citations) <= 2 * len(alone)
    for index, chunk in enumerate(answer.chunks):
        assert chunk.kept == any(one.chunks[index].kept for one in alone)


def test_where_nothing_is_stated_of_any_thing_nothing_is_found(settings: Settings, document: Path) -> None:
    library = Library.open(settings=settings, writer=Scripted(*[["Not stated."]] * 3))
    answer = library.ask([library.parse(document)], QUESTION)
    assert (answer.found, answer.text, answer.sources) == (False, pipeline.PROBABLY_NOT_STATED, ())
    assert answer.citations


def test_a_reader_without_a_writer_is_asked_once(settings: Settings, document: Path) -> None:
    library = Library.open(settings=settings)
    answer = library.ask([library.parse(document)], QUESTION)
    assert "not stated" not in answer.text
