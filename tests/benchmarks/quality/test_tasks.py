"""Tasks made at any length are the same every time, as long as asked for, and have each answer in one place."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from benchmarks.quality.cases.case import Metric
from benchmarks.quality.cases.evidence import evidence_pages
from benchmarks.quality.cases.filler import Filler
from benchmarks.quality.cases.haystack import Count, Haystack, Needle
from benchmarks.quality.cases.tasks import Task, cases
from transformers import AutoTokenizer

from parallelcomp import split
from wholedoc.documents.texts import pages_document
from wholedoc.documents.tokenized import tokenize
from wholedoc.models.chat_template import encode

TOKENS = 6000


@pytest.fixture(scope="module")
def count(embedded_folder: Path) -> Count:
    tokenizer = AutoTokenizer.from_pretrained(str(embedded_folder))
    return lambda text: len(encode(tokenizer, text))


@pytest.mark.parametrize("task", Task)
def test_a_task_is_the_same_for_the_same_seed_and_another_for_another(task: Task, count: Count) -> None:
    once, again, other = (cases(task, 2000, count, depths=3, seed=seed) for seed in (4, 4, 5))
    assert once == again
    assert not {one.answers for one in once} & {one.answers for one in other}
    assert once[0].pages[0] != other[0].pages[0]


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("tokens", [2000, TOKENS])
def test_a_text_is_as_long_as_it_should_be(task: Task, tokens: int, count: Count) -> None:
    for one in cases(task, tokens, count, depths=3):
        assert count(one.text) == pytest.approx(tokens, rel=0.02)


@pytest.mark.parametrize("task", Task)
def test_every_answer_stands_in_one_place_at_its_depth(task: Task, count: Count) -> None:
    made = cases(task, TOKENS, count)
    for one in made:
        for answer in one.answers:
            places = [at for at in range(len(one.text)) if one.text.startswith(answer, at)]
            sentence = one.text[places[0] : places[-1] + len(answer)]
            assert len(sentence) < 100, "the passkey is told twice in one breath, all else once"
            if one.depth is not None:
                assert places[0] / len(one.text) == pytest.approx(one.depth, abs=0.03)
            assert evidence_pages(one.pages, (answer,), Metric.CONTAINS) <= one.evidence
        assert one.depth is not None or one.metric is Metric.ALL
    assert [one.depth for one in made if one.depth is not None] == [index / 9 for index in range(10)]


def test_the_needles_are_asked_one_by_one_and_all_together(count: Count) -> None:
    *each, together = cases(Task.NEEDLES, 2000, count, depths=4)
    assert [one.answers[0] for one in each] == list(together.answers)
    assert len({one.question for one in each}) == 4
    assert {one.pages for one in each} == {together.pages}
    assert together.evidence == frozenset().union(*(one.evidence for one in each))


def test_texts_with_a_needle_in_another_place_share_nearly_all_their_chunks(embedded_folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(embedded_folder))
    made = cases(Task.PASSKEY, 20_000, lambda text: len(encode(tokenizer, text)), depths=4)
    chunks: list[set[tuple[int, ...]]] = []
    for one in made:
        document = tokenize(pages_document([(page, "") for page in one.pages], "one"), tokenizer)
        chunks.append({one.token_ids for one in split(document.token_ids, 1024, document.paragraph_starts)})
    assert len(set.union(*chunks)) < 1.6 * len(chunks[0])


def test_no_sentence_of_the_filler_comes_twice() -> None:
    sentences = [sentence for paragraph in islice(Filler(0), 2500) for sentence in paragraph]
    assert len(sentences) > 10_000
    assert len(set(sentences)) == len(sentences)
    assert not [sentence for sentence in sentences if set(sentence) & set("[]{}|")]


def test_pages_have_about_five_hundred_words(count: Count) -> None:
    haystack = Haystack.of(1, TOKENS, count)
    *full, _ = haystack.hide([Needle(0.5, "Here it is.")]).pages
    assert len(full) > 4
    assert all(400 < len(page.split()) < 620 for page in full)


def test_a_short_haystack_is_the_beginning_of_a_long_one(count: Count) -> None:
    short, long = (Haystack.of(2, tokens, count) for tokens in (2000, 4000))
    assert long.pages[: len(short.pages) - 1] == short.pages[:-1]


def test_one_depth_is_no_range(count: Count) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        cases(Task.PASSKEY, 2000, count, depths=1)
