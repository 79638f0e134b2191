"""Which heads are retrieval heads, against a slow rule; and their file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from parallelcomp import (
    Cancelled,
    Engine,
    EngineConfig,
    HeadsError,
    KVPrecision,
    QueryHead,
    Question,
    RetrievalHeads,
)
from parallelcomp.retrieval.heads import (
    AnsweredQuestion,
    HeadSample,
    answer_ranks,
    best_heads,
    find_heads,
    read,
    save,
)
from parallelcomp.retrieval.scan import scan_keys

from .tiny import PREFIX, chunks_of, pair, read_prefix, tokens
from .tiny import read as read_chunks

SAMPLE = HeadSample(
    tuple(chunk.token_ids for chunk in chunks_of(40, 25, 33, 40)),
    tuple(AnsweredQuestion(Question(tokens(2, 5), tokens(4 + part, part)), part) for part in (2, 0, 3, 1)),
)


def test_heads_are_found_by_how_high_they_rank_the_answer() -> None:
    """Each head alone scans the parts as the engine does for a question; the best by the mean of 1 / place stay."""
    one = pair()
    finding = find_heads(one.loaded, read_prefix(one), SAMPLE)
    shares: list[float] = []
    while True:
        try:
            shares.append(next(finding))
        except StopIteration as stop:
            found = stop.value
            break
    assert shares == [0.0] * 4 + [0.25, 0.5, 0.75, 1.0]
    chunks = read_chunks(one, read_prefix(one), chunks_of(40, 25, 33, 40))
    engine = Engine(one.loaded, PREFIX, EngineConfig(chunk_tokens=64, precision=KVPrecision.FP32))
    worth: dict[QueryHead, float] = {}
    for at in [QueryHead(layer, head) for layer in range(3) for head in range(9)]:
        alone = RetrievalHeads(one.spec.fingerprint, (at,))
        keys = [scan_keys(chunk.kv, alone, one.spec) for chunk in chunks]
        places = []
        for asked in SAMPLE.questions:
            scores = engine.scan(keys, engine.head_queries(keys, asked.question, alone))
            places.append(sum(score >= scores[asked.part] for score in scores))
        worth[at] = sum(1 / place for place in places) / len(places)
    assert found.fingerprint == one.spec.fingerprint
    reached = [worth[at] for at in found.heads]
    assert reached == sorted(reached, reverse=True)
    assert reached == pytest.approx(sorted(worth.values(), reverse=True)[: len(reached)], abs=0.01)


def test_of_parts_that_a_head_looks_at_alike_the_answer_comes_last() -> None:
    looked = torch.tensor([[[[3.0, 1.0]]], [[[2.0, 1.0]]], [[[5.0, 1.0]]]])  # three parts, one question, two heads
    assert answer_ranks(looked, [0]).tolist() == [[[2, 3]]]


def test_the_best_heads_come_first_and_of_equal_ones_the_earlier() -> None:
    ranks = torch.tensor([[[1, 4], [2, 1]], [[4, 1], [2, 1]]])  # two questions, two layers of two heads
    assert best_heads(ranks, 3) == (QueryHead(1, 1), QueryHead(0, 0), QueryHead(0, 1))


def test_finding_stops() -> None:
    one = pair()
    with pytest.raises(Cancelled):
        list(find_heads(one.loaded, read_prefix(one), SAMPLE, lambda: True))


def test_a_sample_needs_questions_and_parts() -> None:
    for parts, questions in (((), SAMPLE.questions), (SAMPLE.parts, ()), (((1,), ()), SAMPLE.questions)):
        with pytest.raises(ValueError, match="at least two parts"):
            HeadSample(parts, questions)


def test_heads_come_back_from_their_file(tmp_path: Path) -> None:
    heads = RetrievalHeads("abc", (QueryHead(3, 1), QueryHead(0, 7)))
    path = tmp_path / "heads.json"
    save(heads, path)
    assert read(path) == heads
    assert [one.name for one in tmp_path.glob("heads*")] == ["heads.json"]


@pytest.mark.parametrize(
    "content",
    [
        "no json",
        "[]",
        '{"format": 1}',
        '{"format": 1, "fingerprint": "a", "heads": []}',
        '{"format": 1, "fingerprint": "a", "heads": [[1]]}',
    ],
)
def test_a_damaged_file_says_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "heads.json"
    path.write_text(content)
    with pytest.raises(HeadsError, match="is not a file of retrieval heads; find them anew"):
        read(path)


def test_a_file_of_another_version_and_a_missing_one(tmp_path: Path) -> None:
    path = tmp_path / "heads.json"
    with pytest.raises(HeadsError, match="cannot read"):
        read(path)
    path.write_text(json.dumps({"format": 2, "fingerprint": "a", "heads": [[0, 0]]}))
    with pytest.raises(HeadsError, match="another version"):
        read(path)
