"""Answers that are quotes: the best passage, and nothing that any model writes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parallelcomp import Engine, Sampling
from wholedoc import Answer, AnswerFrom, Done, Library, Settings, Token

PARAGRAPHS = [f"Entry {n}. Vessel {n * 7} came in\nwith {n * 13} crates of salt." for n in range(60)]
pytestmark = pytest.mark.usefixtures("always_cites")
QUESTION = "How many crates of salt did the vessel number 91 bring?"


@pytest.fixture
def quoting(settings: Settings) -> Settings:
    return replace(settings, answer_from=AnswerFrom.QUOTE, sampling=Sampling(max_new_tokens=200))


def answered(library: Library, settings: Settings, stop: tuple[str, ...] = ()) -> Answer:
    """The answer, whose tokens are its text."""
    document = library.remember("\n\n".join(PARAGRAPHS))
    *before, done = library.stream([document], QUESTION, settings=settings, stop=stop)
    assert isinstance(done, Done)
    said = "".join(event.text for event in before if isinstance(event, Token))
    assert said.strip() == done.answer.text
    return done.answer


def test_the_answer_is_the_best_passage_on_one_line(
    library: Library, quoting: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "generate", lambda *_, **__: pytest.fail("something was written"))
    answer = answered(library, quoting)
    assert answer.found
    assert answer.text == " ".join(answer.citations[0].quote.split())
    assert all(1 in sentence.citations for sentence in answer.sources)
    assert not answer.unsupported
    assert not answer.cut_short


def test_a_quote_is_no_longer_than_an_answer_may_be(library: Library, quoting: Settings) -> None:
    whole = answered(library, quoting)
    short = answered(library, replace(quoting, sampling=Sampling(max_new_tokens=5)))
    assert short.cut_short
    assert short.usage.answer_tokens == 5 < whole.usage.answer_tokens
    assert whole.text.startswith(short.text)


def test_a_quote_ends_before_a_stop_string(library: Library, quoting: Settings) -> None:
    whole = answered(library, quoting)
    word = whole.text.split()[3]
    stopped = answered(library, quoting, (word,))
    assert stopped.text == whole.text[: whole.text.index(word)].strip()
    assert not stopped.cut_short
