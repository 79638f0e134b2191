"""Answers by a writer: what it is told, what becomes of what it says, and conversations."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import pytest

from parallelcomp import Sampling, WindowError
from parallelcomp.apb import APB
from wholedoc import Answer, Cited, Done, Event, Library, Rewritten, Scoring, Settings, Token, Turn
from wholedoc.answering import pipeline
from wholedoc.errors import QuestionError, WriterError
from wholedoc.models import recommendation
from wholedoc.models.catalogue import QWEN_CODER_15B
from wholedoc.runtime.client import Client
from wholedoc.settings import Answerer
from wholedoc.storage.home import home
from wholedoc.writers.assignment import NOT_STATED, TASK
from wholedoc.writers.writer import Cancel, Message, Written

from ..test_library import PARAGRAPHS, write

pytestmark = [pytest.mark.embedded, pytest.mark.usefixtures("always_cites")]


class Scripted:
    """Says what it is to say, and remembers what it was told."""

    name = "scripted"
    sends_to = None

    def __init__(self, *said: Sequence[str], here: bool = True) -> None:
        self.here = here
        self.told: list[str] = []
        self._said = list(said)
        self.would_begin: Callable[[str], float] | None = None

    def write(
        self, messages: Sequence[Message], sampling: Sampling, cancelled: Cancel | None = None
    ) -> Generator[str, None, Written]:
        self.told.append(messages[-1].content)
        pieces = self._said.pop(0)
        yield from pieces
        return Written(len(pieces), cut_short=False, would_begin=self.would_begin)


Ask = Callable[..., tuple[list[Event], Answer]]


@pytest.fixture
def ask(settings: Settings, tmp_path: Path) -> Ask:
    """Ask a document by a writer; returns all events, and the answer."""
    path = write(tmp_path / "log.txt", PARAGRAPHS)

    def asked(
        writer: Scripted | None, question: str = "What came in?", **named: object
    ) -> tuple[list[Event], Answer]:
        library = Library.open(settings=settings, writer=writer)
        document = library.parse(path)
        events = list(library.stream([document], question, **named))  # type: ignore[arg-type]
        assert isinstance(events[-1], Done)
        return events, events[-1].answer

    return asked


def test_the_writer_gets_the_best_passages_in_document_order_and_its_words_are_the_answer(ask: Ask) -> None:
    writer = Scripted(["Salt", ", in", " crates."])
    events, answer = ask(writer)
    assert (answer.text, answer.found, answer.usage.answer_tokens) == ("Salt, in crates.", True, 3)
    assert "".join(one.text for one in events if isinstance(one, Token)) == "Salt, in crates."
    (told,) = writer.told
    assert told.startswith(TASK)
    assert told.endswith("\n\nQuestion: What came in?")
    shown = told.removeprefix(TASK).split("\n\n")[1:-1]
    assert len(shown) == 4
    places = [("\n\n".join(PARAGRAPHS)).find(one.split("] ")[1][:40]) for one in shown]
    assert places == sorted(places)
    assert min(places) >= 0
    quotes = [" ".join(one.quote.split()) for one in answer.citations[:4]]
    assert {one.split("] ", 1)[1] for one in shown} == set(quotes)
    assert all(one.startswith("[page ") for one in shown)


def test_evidence_comes_before_the_writer_begins(ask: Ask) -> None:
    order: list[str] = []

    class Noting(Scripted):
        def write(self, *arguments: object, **named: object) -> Generator[str, None, Written]:
            order.append("writer")
            return super().write(*arguments, **named)  # type: ignore[arg-type]

    events, _ = ask(Noting(["Salt."]))
    kinds = [type(one) for one in events]
    assert kinds.index(Cited) < kinds.index(Token)
    assert kinds.count(Cited) == 1
    assert order == ["writer"]


@pytest.mark.parametrize(
    "said", [["Not", " stated", "."], ["Not stated"], ['"Not stated."'], ["not stated. Sorry."]]
)
def test_not_stated_is_a_state_of_its_own_with_the_nearest_passages(ask: Ask, said: list[str]) -> None:
    events, answer = ask(Scripted(said))
    assert not answer.found
    assert answer.citations
    assert answer.text == pipeline.PROBABLY_NOT_STATED
    assert [one.text for one in events if isinstance(one, Token)] == [pipeline.PROBABLY_NOT_STATED]


@pytest.mark.parametrize("said", [["9", "9,9", "99 crates"], ["99999", "."], ["About", " 99999", " crates"]])
def test_a_number_that_no_passage_has_is_no_answer(ask: Ask, said: list[str]) -> None:
    events, answer = ask(Scripted(said))
    told = [one.text for one in events if isinstance(one, Token)]
    if said[0] == "About":  # it was shown before the number came, and stays, with the number marked
        assert (answer.found, answer.unsupported) == (True, ("99999",))
    else:
        assert (answer.found, answer.text, told) == (False, pipeline.PROBABLY_NOT_STATED, [answer.text])
        assert answer.citations


def test_numbers_of_the_passages_are_shown_as_soon_as_they_are_whole(ask: Ask) -> None:
    events, answer = ask(Scripted(["1", "3", " crates", " of salt"]), "How many crates of salt came on day 2?")
    told = [one.text for one in events if isinstance(one, Token)]
    assert (answer.found, answer.text) == (True, "13 crates of salt")
    assert told == ["13 crates", " of salt"]


def test_a_question_about_a_name_that_stands_nowhere_is_not_answered_about_another(ask: Ask) -> None:
    writer = Scripted()
    events, answer = ask(writer, "How many crates of salt did Basilisk bring?")
    assert (answer.found, answer.support, answer.sources) == (False, 0.0, ())
    assert answer.citations
    assert "“Basilisk” stands nowhere in it" in answer.text
    assert [one.text for one in events if isinstance(one, Token)] == [answer.text]
    assert not writer.told
    _, unwritten = ask(None, "How many crates of salt did Basilisk and the Emerald bring?")
    assert not unwritten.found
    assert "“Basilisk” and “Emerald” stand nowhere in it" in unwritten.text


@pytest.mark.parametrize("said", [["Not", "hing", " came."], ["Not", " stated", "ly: no"], ["N", "o."], [""]])
def test_what_only_begins_like_it_is_said_whole(ask: Ask, said: list[str]) -> None:
    whole = "".join(said)
    if whole.startswith("Not stated"):  # a longer word is still read as the sentence: the writer was told to say it
        pytest.skip("covered by the test above")
    events, answer = ask(Scripted(said))
    assert answer.found
    assert answer.text == whole
    assert "".join(one.text for one in events if isinstance(one, Token)) == whole


def test_a_stop_string_ends_the_answer(ask: Ask) -> None:
    _, answer = ask(Scripted(["Salt", " and", " END", " more"]), stop=["END"])
    assert answer.text == "Salt and"


def test_instructions_reach_the_writer_and_no_chunk(ask: Ask) -> None:
    writer = Scripted(["Salt."])
    _, answer = ask(writer, instructions="Answer in verse.")
    assert "Answer in verse." in writer.told[0]
    _, plain = ask(Scripted(["Salt."]))
    assert [one.nll for one in answer.chunks] == [one.nll for one in plain.chunks]


def test_a_writer_that_fails_says_so_after_the_evidence(ask: Ask, settings: Settings, tmp_path: Path) -> None:
    class Broken(Scripted):
        def write(self, *_: object, **__: object) -> Generator[str, None, Written]:
            raise WriterError("no program answers")
            yield ""

    library = Library.open(settings=settings, writer=Broken())
    events = library.stream([library.parse(write(tmp_path / "log.txt", PARAGRAPHS))], "What came in?")
    before = list(takewhile(lambda event: not isinstance(event, Cited), events))
    assert before
    with pytest.raises(WriterError, match="no program answers"):
        next(events)


# Conversations


def test_a_question_that_stands_alone_is_asked_as_if_it_were_the_first(ask: Ask) -> None:
    history = [Turn("What came in on day 3?", "Vessel 14."), Turn("Where did it go?", "It left.")]
    _, alone = ask(None, "Which vessel brought salt in crates?")
    _, later = ask(None, "Which vessel brought salt in crates?", history=history)
    same = ("text", "found", "token_ids", "citations", "chunks", "standalone")
    assert {name: getattr(alone, name) for name in same} == {name: getattr(later, name) for name in same}
    assert alone.usage.question_tokens == later.usage.question_tokens


def test_a_question_that_refers_back_is_rewritten_by_the_writer(ask: Ask) -> None:
    writer = Scripted(["How many crates did", " vessel 14 bring?\n"], ["26."])
    history = [Turn("Which vessel came on day 3?", "Vessel 14.")]
    events, answer = ask(writer, "And how many crates did it bring?", history=history)
    wanted = "How many crates did vessel 14 bring?"
    assert [one.question for one in events if isinstance(one, Rewritten)] == [wanted]
    kinds = [type(one) for one in events]
    assert kinds.index(Rewritten) < kinds.index(Scoring)
    assert (answer.question, answer.standalone) == ("And how many crates did it bring?", wanted)
    rewriting, answering = writer.told
    assert "Question: Which vessel came on day 3?\nAnswer: Vessel 14." in rewriting
    assert answering.endswith(f"Question: {wanted}")
    _, direct = ask(Scripted(["26."]), wanted)
    assert direct.chunks == answer.chunks


def test_without_a_writer_it_is_searched_with_the_question_before(ask: Ask) -> None:
    history = [Turn("What came in on day 3?", "Vessel 14.")]
    _, answer = ask(None, "And from where?", history=history)
    _, both = ask(None, "What came in on day 3? And from where?")
    assert answer.chunks == both.chunks
    assert answer.standalone is None


def test_a_remote_writer_holds_nobodys_turn(settings: Settings, tmp_path: Path) -> None:
    """While it writes, another question is answered from beginning to end."""
    library = Library.open(settings=settings, writer=Scripted(["One", " two"], ["Other."], here=False))
    document = library.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    first = library.stream([document], "What came in?", client=Client("a"))
    for event in first:
        if isinstance(event, Token):
            break
    other = list(library.stream([document], "Which vessel left?", client=Client("b")))
    assert isinstance(other[-1], Done)
    assert other[-1].answer.text == "Other."
    *_, done = first
    assert isinstance(done, Done)
    assert done.answer.text == "One two"


def test_a_writer_that_would_be_passed_over_is_refused(settings: Settings, tmp_path: Path) -> None:
    """A person who names a writer must not get an answer by somebody else."""
    library = Library.open(settings=settings, writer=Scripted(["x"]))
    document = library.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    with pytest.raises(QuestionError, match="leave out --answer-model"):
        next(library.stream([document], "Who?", settings=replace(settings, apb=APB.star(2))))
    with pytest.raises(ValueError, match="use with_settings"):
        next(library.stream([document], "Who?", settings=replace(settings, answer_model="another")))


def test_other_settings_keep_the_writer_unless_they_name_another(settings: Settings) -> None:
    writer = Scripted()
    library = Library.open(settings=settings, writer=writer)
    assert library.with_settings(replace(settings, citations=3)).writer is writer
    other = library.with_settings(replace(settings, answer_model="http://127.0.0.1:1/v1#m")).writer
    assert other is not None
    assert other.name == "m"
    assert NOT_STATED in TASK


def test_the_catalogues_writer_answers_once_it_is_fetched(
    with_embedded_model: None, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that is open already uses it from then on; other ways of reading go on without it."""
    monkeypatch.setattr(recommendation, "free_bytes", lambda _: 64 * 10**9)
    library = Library.open()
    assert library.writer is None
    (home() / "models" / QWEN_CODER_15B.folder).symlink_to(tiny_model)
    assert library.writer is not None
    assert library.writer.name == QWEN_CODER_15B.name
    assert library.with_settings(replace(library.settings, citations=3)).writer is library.writer
    assert library.with_settings(replace(library.settings, answer_model=Answerer.READER)).writer is None
    monkeypatch.setattr(recommendation, "free_bytes", lambda _: 10**9)
    assert Library.open().writer is None
    assert library.writer is not None


def test_by_default_other_ways_of_reading_answer_themselves(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library.open(settings=settings)
    monkeypatch.setattr("wholedoc.answering.asker.writer_of", lambda *_: Scripted(["Other", "."]))
    document = library.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    assert next(e for e in library.stream([document], "Who?") if isinstance(e, Done)).answer.text == "Other."
    by_star = replace(settings, apb=APB.star(2))
    with pytest.raises(WindowError):  # the document is longer than a block: who answers was settled before
        list(library.stream([document], "Who?", settings=by_star))


def test_each_sentence_knows_the_citations_that_carry_it(ask: Ask) -> None:
    _, first = ask(Scripted(["x"]))
    quote = " ".join(first.citations[1].quote.split())
    _, answer = ask(Scripted([f"{quote} Nobody came in 1771, said Ahab."]))
    assert answer.text[answer.sources[0].start : answer.sources[0].stop] in quote
    assert 2 in answer.sources[0].citations
    assert answer.sources[-1].citations == ()
    assert answer.text[answer.sources[-1].start :] == "Nobody came in 1771, said Ahab."
    assert answer.unsupported == ("1771", "Ahab")
    _, refused = ask(Scripted([NOT_STATED]))
    assert (refused.sources, refused.unsupported) == ((), ())


def test_support_is_the_writers_probability_of_saying_something(settings: Settings, tmp_path: Path) -> None:
    writer = Scripted(["One."], ["Two."])
    library = Library.open(settings=settings, writer=writer)
    document = library.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    assert library.ask([document], "Who?").support is None  # a program elsewhere may not tell
    writer.would_begin = {NOT_STATED: 0.25}.__getitem__
    assert library.ask([document], "Who?").support == 0.75


def test_what_nothing_explains_has_no_support(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "explains", lambda *_: False)
    library = Library.open(settings=settings, writer=Scripted())
    answer = library.ask([library.parse(write(tmp_path / "log.txt", PARAGRAPHS))], "Who?")
    assert (answer.found, answer.support) == (False, 0.0)
