"""Passages: chosen by attention and posterior, and ranked anew by how well each alone explains the question."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from parallelcomp import Chunk, ChunkKV, DenseKV, RescoredSpan
from wholedoc.answering.evidence.passages import (
    CHARACTERS,
    CONTENDER,
    CONTENDERS,
    TEMPERATURE,
    Passage,
    best_passages,
    contenders,
    rerank,
)

from .corpora import PAGES, attention_on, corpus_of, quotes, score, words


def test_a_passage_begins_with_the_sentence_that_is_attended_to_and_has_three_more() -> None:
    corpus = corpus_of(PAGES)
    passages = best_passages(corpus, "", [score(0, 1.0), score(1, 1.0)], attention_on(corpus, Nobody=1.0), 1)
    assert quotes(corpus, passages) == ["Nobody fell. Rain came. The clerk went home. A dog barked."]
    (best,) = passages
    assert words(corpus)[best.first : best.last][0] == "Nobody"
    assert words(corpus)[best.first : best.last][-2:] == ["barked", "."]
    assert best.score == pytest.approx(0.5 / math.sqrt(3))  # half the posterior; three tokens in its sentence


def test_the_attention_on_a_sentence_counts_by_the_square_root_of_its_length() -> None:
    """Twice the attention on four times the tokens is worth the same."""
    corpus = corpus_of(["Ships. It was a very long day at sea."])
    (long,) = best_passages(corpus, "", [score(0, 1.0)], attention_on(corpus, long=2.0), 1)
    (short,) = best_passages(corpus, "", [score(0, 1.0)], attention_on(corpus, Ships=2.0), 1)
    assert long.score * math.sqrt(9) == pytest.approx(short.score * math.sqrt(2))


def test_passages_do_not_overlap_and_the_best_comes_first() -> None:
    corpus = corpus_of(PAGES)
    paid = attention_on(corpus, crane=3.0, Nobody=2.9, Fish=2.0, bell=1.0)
    passages = best_passages(corpus, "", [score(0, 1.0), score(1, 1.0)], paid, 5)
    assert [one.score for one in passages] == sorted((one.score for one in passages), reverse=True)
    spans = sorted((one.first, one.last) for one in passages)
    assert all(last <= first for (_, last), (first, _) in pairwise(spans))
    assert quotes(corpus, passages)[0].startswith("Nobody fell.")
    assert len(best_passages(corpus, "", [score(0, 1.0), score(1, 1.0)], paid, 1)) == 1


def test_a_likelier_chunk_wins_by_its_posterior_over_the_whole_question() -> None:
    """The posterior is of summed NLL, less what shared words say, tempered; only kept chunks have passages."""
    corpus = corpus_of(PAGES)
    paid = attention_on(corpus, Nobody=1.0, Rain=0, Fish=1.0)
    kept = [score(0, 2.0, 2.0), score(1, 1.0, 1.0)]
    first, second = best_passages(corpus, "", kept, paid, 2)
    assert [first.page, second.page] == [1, 0]
    ratio = math.exp((4.0 - 2.0) / TEMPERATURE)
    assert first.score / second.score == pytest.approx(ratio * math.sqrt(3 / 4))
    raised = [score(0, 2.0, 2.0, prior=1.5), kept[1]]
    assert best_passages(corpus, "", raised, paid, 1)[0].page == 0
    assert {one.page for one in best_passages(corpus, "", kept[:1], paid, 5)} == {0}


def test_a_passage_is_no_longer_than_it_may_be_and_stays_on_its_page() -> None:
    long = "The quick clerk wrote down each and every one of the very many barrels of oil. " * 12
    corpus = corpus_of([long.strip(), PAGES[1]])
    passages = best_passages(corpus, "", [score(0, 1.0), score(1, 1.0)], np.ones(corpus.tokens, np.float32), 9)
    assert passages
    assert all(one.stop - one.start <= CHARACTERS for one in passages)
    assert {one.page for one in passages} == {0, 1}


def at(value: float, first: int = 0) -> Passage:
    return Passage(0, 0, first, first + 1, first, first + 1, value)


@pytest.mark.parametrize(
    ("told", "quote"),
    [
        ("A yacht calls. She waits.\n3. Speed. It is four knots.", "A yacht calls. She waits."),
        ("A yacht calls.\n3. Speed. It is four knots.", "A yacht calls.\n3. Speed. It is four knots."),
        ("A yacht calls.\n3. It is four knots. Go.", "A yacht calls.\n3. It is four knots. Go."),
        ("A yacht calls. Twice. Thrice.", "A yacht calls. Twice. Thrice."),
    ],
)
def test_a_passage_does_not_end_with_what_only_opens_the_next_paragraph(told: str, quote: str) -> None:
    corpus = corpus_of([told])
    (passage,) = best_passages(corpus, "", [score(0, 1.0)], attention_on(corpus, calls=1.0), 1)
    assert quotes(corpus, [passage]) == [quote]


def test_contenders_are_those_near_the_best_and_none_if_it_leads() -> None:
    near = 1.01 * CONTENDER
    assert contenders([]) == []
    assert contenders([at(1.0)]) == []
    assert contenders([at(1.0), at(CONTENDER)]) == []
    ranked = [at(1.0, 0), at(near, 1), at(near, 2), at(near, 3), at(0.01, 4)]
    assert contenders(ranked) == ranked[:CONTENDERS]
    assert contenders([at(1.0, 0), at(near, 1), at(0.01, 2)]) == [at(1.0, 0), at(near, 1)]


def test_reranking_weighs_attention_by_how_well_each_passage_alone_explains_the_question() -> None:
    ranked = [at(1.0, 0), at(0.9, 1), at(0.5, 2)]
    read = [ChunkKV(Chunk(0, n, (n,)), DenseKV(torch.empty(1, 2, 1, 1, 1))) for n in range(2)]
    again = rerank(ranked, [RescoredSpan(9.0, read[0]), RescoredSpan(5.0, read[1])])
    assert [one.first for one in again] == [1, 0, 2]
    assert [one.score for one in again] == pytest.approx([0.9, math.exp(-4.0 / TEMPERATURE), 0.5])
    assert again[0].read is read[1]
    assert again[1].read is read[0]
    assert again[2] is ranked[2]
    assert rerank(ranked, []) == ranked


def test_the_questions_words_count_in_the_whole_passage() -> None:
    """Words that follow the first sentence count too; without any, attention decides alone."""
    corpus = corpus_of(["Ships came. A crane stood idle. Rain fell. Nobody spoke. Fish rotted. The heron paid."])
    paid = attention_on(corpus, Ships=1.0, Nobody=1.0)
    kept = [score(0, 1.0)]
    without = best_passages(corpus, "", kept, paid, 1)[0]
    (crane,) = best_passages(corpus, "Who has a crane?", kept, paid, 1)
    (heron,) = best_passages(corpus, "Did the heron pay?", kept, paid, 1)
    assert quotes(corpus, [crane])[0].startswith("Ships")
    assert quotes(corpus, [heron])[0].startswith("Nobody")
    assert heron.score > without.score
