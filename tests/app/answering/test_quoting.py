"""A small model quotes: its answer is a run of a passage's words, and begins with one that tells something."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parallelcomp import Sampling, Source
from wholedoc import AnswerFrom, Library, Settings
from wholedoc.answering.passages import Passage
from wholedoc.answering.steering.quoting import Vocabulary, common_words, sources
from wholedoc.reading.corpus import Corpus

pytestmark = pytest.mark.embedded
TEXT = (
    "The master of the Grey Heron paid 4,275 crowns on 3 May for 2.6 metres of the harbour's\n"
    "new well-kept quay. He left at 10:45 and the master's mate stayed."
)


@pytest.fixture
def corpus(library: Library) -> Corpus:
    return Corpus.of([library.unread(library.remember(TEXT))])


def passage(corpus: Corpus) -> Passage:
    return Passage(0, 0, 0, len(TEXT), 0, corpus.tokens, 1.0)


def begun(library: Library, made: list[Source]) -> list[str]:
    """What a quote can begin with, up to the first place where it may end."""
    return [
        library.model.decode(list(one.token_ids[place : min(end for end in one.ends if end > place)])).strip()
        for one in made
        for place in sorted(one.begins)
    ]


def test_a_copy_begins_with_a_telling_word_and_holds_whole_words(library: Library, corpus: Corpus) -> None:
    made = sources(
        corpus, passage(corpus), "What did the master of the Grey Heron pay?", frozenset(["for", "on", "at"])
    )
    assert begun(library, made) == [
        *("paid", "4,275", "crowns", "3", "May", "2.6", "metres", "harbour's"),
        *("new", "well-kept", "quay", "He", "left", "10:45", "and", "master's", "mate", "stayed"),
    ]


def test_a_name_is_begun_with_its_first_word_and_a_number_of_a_paragraph_never(library: Library) -> None:
    text = "Inspector Casimir Pell came late.\n55. He left Corn Quay.\nContract 10. It rained."
    corpus = Corpus.of([library.unread(library.remember(text))])
    whole = Passage(0, 0, 0, len(text), 0, corpus.tokens, 1.0)
    made = sources(corpus, whole, "Which inspector?", frozenset(["it", "he"]))
    assert begun(library, made) == ["Casimir", "came", "late", "left", "Corn", "rained"]


def test_what_is_written_must_stand_in_the_passage_and_tell_something(library: Library, corpus: Corpus) -> None:
    words = Vocabulary.of(corpus, [passage(corpus)], "What did the master pay?", frozenset(["was"]))
    assert words.tells("The master paid 4,275 crowns.")
    assert words.tells("It was 2.6 metres") is False  # "it" stands nowhere
    assert words.tells("What did the master pay") is False  # nothing new
    assert words.tells("4,275 pounds") is False
    assert words.has_begun("The master paid 4,2")
    assert words.has_begun("The master paid 4,2 crowns") is False
    assert words.has_begun("The master paid 4,20") is False
    assert words.has_begun("")


def test_where_nothing_tells_anything_every_word_will_do(library: Library, corpus: Corpus) -> None:
    made = sources(corpus, passage(corpus), TEXT, frozenset())
    assert [library.model.decode(list(one.token_ids)).strip() for one in made] == [
        TEXT[: TEXT.index(" He left")],
        TEXT[TEXT.index("He left") :],
    ]
    assert begun(library, made)[:6] == ["The", "master", "of", "the", "Grey", "Heron"]


def test_common_words_are_those_that_the_text_is_full_of() -> None:
    text = " ".join(f"The keeper number {n} of the Light went home." for n in range(300))
    assert common_words([text]) == {"the", "keeper", "number", "of", "light", "went", "home"}
    assert common_words(["a short text, a text"]) == frozenset()


@pytest.mark.usefixtures("always_cites")
def test_an_answer_by_quoting_stands_in_the_document(library: Library, settings: Settings) -> None:
    document = library.remember(TEXT)
    for seed in range(3):
        drawn = Sampling(temperature=1.0, max_new_tokens=9, seed=seed)
        quoting = replace(settings, answer_from=AnswerFrom.QUOTE, sampling=drawn)
        answer = library.with_settings(quoting).ask([document], "Who paid?")
        assert answer.text
        assert answer.text in " ".join(TEXT.split("\n"))  # a random model writes nothing that stands there
        assert "\n" not in answer.text
