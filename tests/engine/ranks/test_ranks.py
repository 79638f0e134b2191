"""Several processes against one: the same chunks, the same hosts, the same numbers."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from parallelcomp import Composition, Engine, EngineConfig, Eviction, KVPrecision, ReplyRequest, Sampling, split
from parallelcomp.apb import APB, read
from parallelcomp.errors import LayoutError
from parallelcomp.ranks import ChunksOverRanks, RankCommunicator, Ranks, ScoringOverRanks, launch
from parallelcomp.ranks.engine import owners

from ...ranks import Result, joined
from ..apb.test_apb import finish
from ..tiny import PREFIX, QUESTION, pair, tokens

DOCUMENT = tokens(330, 23)
SIZE = 3
GREEDY = Sampling(max_new_tokens=5)
EVICTION = Eviction(kept_tokens=75, capacity=25, observation_window=4, pooling_kernel=3)
CONFIG = EngineConfig(chunk_tokens=40, eviction=EVICTION, precision=KVPrecision.FP32)
CONFIGS = {
    "assembled": CONFIG,
    "quantised": dataclasses.replace(CONFIG, precision=KVPrecision.INT4),
    "mixture": dataclasses.replace(CONFIG, composition=Composition.MIXTURE),
}
APBS = {"apb": APB(6, 9, 5), "star": APB.star(3), "everything": APB(3, 0, APB.star().anchor_tokens)}


def ask(engine: Engine) -> Result:
    """Ask a question of an engine; scoring batches are of unequal size and do not divide evenly among the ranks."""
    memory = dataclasses.replace(engine.plan(len(DOCUMENT), free=10**9), prefill_batch=1, score_batch=2)
    chunks = list(engine.prefill(split(DOCUMENT, 40, range(0, 330, 7)), memory))
    scores = list(engine.score(chunks, QUESTION, memory))
    kept = engine.select(chunks, iter(scores))
    selection = engine.compress(chunks, kept, QUESTION, GREEDY.max_new_tokens)
    cache = [tensor.clone() for layer in selection.context.cache.layers for tensor in layer.used]
    return {
        "read here": sum(one.kv.nbytes > 0 for one in chunks),
        "scores": sorted((score.index, score.token_nll) for score in scores),
        "kept": [score.index for score in selection.kept],
        "cache": cache,
        "answer": list(engine.generate(selection, GREEDY, frozenset())),
    }


def map_over(engine: Engine) -> list[Any]:
    """Ask every chunk by itself, two at a time; every rank can read all of them."""
    memory = dataclasses.replace(engine.plan(len(DOCUMENT), free=10**9), prefill_batch=1, reply_batch=2)
    chunks = list(engine.prefill(split(DOCUMENT, 40, range(0, 330, 7)), memory))
    replies = engine.reply_each(chunks, ReplyRequest(QUESTION.all_ids, 4), memory)
    return [(one.index, one.token_ids, one.cut_short) for one in replies]


def ask_hosts(chosen: APB, ranks: Ranks | None = None) -> Result:
    """Ask the same question by APB."""
    communicator = None if ranks is None else RankCommunicator(ranks, chosen.hosts)
    reading = finish(read(pair().loaded, chosen, PREFIX, DOCUMENT[:200], QUESTION, 5, communicator))
    attribution = reading.attribute()
    return {
        "nll": attribution.token_nll,
        "attention": attribution.attention,
        "answer": list(reading.generate(GREEDY, frozenset())),
    }


def everything(ranks: Ranks) -> Result:
    found: Result = {}
    for name, config in CONFIGS.items():
        found[name] = ask(ChunksOverRanks(pair().loaded, PREFIX, config, ranks))
        found[f"{name} bytes"] = ranks.traffic.bytes
    for name, chosen in APBS.items():
        found[name] = ask_hosts(chosen, ranks)
    found["replies"] = map_over(ScoringOverRanks(pair().loaded, PREFIX, CONFIG, ranks))
    try:
        RankCommunicator(ranks, SIZE + 1)
    except LayoutError as error:
        found["uneven"] = str(error)
    return found


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    results = joined(everything, tmp_path_factory.mktemp("ranks"), SIZE)
    assert all(result is not None for result in results)
    return results  # type: ignore[return-value]


def same(one: Any, other: Any) -> None:
    """Equal to the last bit."""
    torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.parametrize("name", CONFIGS)
def test_chunks_over_ranks_give_what_one_process_gives(name: str, together: list[Result]) -> None:
    alone = ask(Engine(pair().loaded, PREFIX, CONFIGS[name]))
    parts = [result[name]["read here"] for result in together]
    assert sum(parts) == alone["read here"]
    assert min(parts) > 1
    assert len(alone["kept"]) > 1
    for result in together:
        assert result[name]["scores"] == alone["scores"]
        assert result[name]["kept"] == alone["kept"]
        assert result[name]["answer"] == alone["answer"]
        same(result[name]["cache"], alone["cache"])


def test_replies_over_ranks_are_those_of_one_process(together: list[Result]) -> None:
    alone = map_over(Engine(pair().loaded, PREFIX, CONFIG))
    assert len(alone) > 2 * SIZE
    assert all(result["replies"] == alone for result in together)


def test_only_scores_and_what_is_kept_travels(together: list[Result]) -> None:
    alone = ask(Engine(pair().loaded, PREFIX, CONFIG))
    spec = pair().spec
    all_of_it = len(DOCUMENT) * spec.kv_bytes_per_token(4)
    largest = 40 * spec.kv_bytes_per_token(4) + 40 * 4 * spec.layers * spec.kv_heads  # with its attention
    for result in together:
        assert 0 < result["assembled bytes"] < len(alone["kept"]) * largest + 10_000 < all_of_it


@pytest.mark.parametrize("name", APBS)
def test_hosts_over_ranks_give_what_hosts_in_turn_give(name: str, together: list[Result]) -> None:
    alone = ask_hosts(APBS[name])
    assert len(alone["answer"]) == GREEDY.max_new_tokens
    for result in together:
        assert result[name]["nll"] == alone["nll"]
        assert result[name]["answer"] == alone["answer"]
        same(result[name]["attention"], alone["attention"])


def test_hosts_that_cannot_be_dealt_evenly_are_refused(together: list[Result]) -> None:
    assert all("take a multiple of 3 hosts" in result["uneven"] for result in together)


def test_scoring_batches_are_dealt_whole_in_order_of_length() -> None:
    lengths = [5, 1, 4, 1, 9, 2, 6]
    dealt = owners(lengths, 2, 2)
    by_length = sorted(range(len(lengths)), key=lambda index: lengths[index])
    assert [dealt[index] for index in by_length] == [0, 0, 1, 1, 0, 0, 1]


def dies(ranks: Ranks) -> Result:
    ranks.gather(torch.ones(2))
    if ranks.rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return ask_hosts(APB(2, 9, 5), ranks)


def falls_silent(ranks: Ranks) -> Result:
    if ranks.rank == 1:
        ranks.follow()  # rank 0 never calls it
    return ask_hosts(APB(2, 9, 5), ranks)


def fails(ranks: Ranks) -> Result:
    ranks.gather(torch.ones(2))
    if ranks.rank == 1:
        raise OSError("the disk is full")
    return ask_hosts(APB(2, 9, 5), ranks)


def test_a_rank_that_is_killed_is_an_error_for_the_others(tmp_path: Path) -> None:
    survivor, killed = joined(dies, tmp_path, 2)
    assert killed is None
    assert survivor is not None
    assert "another of the 2 ranks died" in survivor["error"]


def test_a_rank_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    waiting, silent = joined(falls_silent, tmp_path, 2, timeout_s=3)
    assert waiting is not None
    assert "did not answer for 3 s" in waiting["error"]
    assert silent is not None  # the store at which it waits ended with rank 0
    assert "another of the 2 ranks died" in silent["error"]


def test_the_others_learn_why_a_rank_failed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    survivor, failed = joined(fails, tmp_path, 2)
    assert failed is None
    assert survivor is not None
    assert survivor["error"] == "rank 1 of 2 stopped: the disk is full"
    assert "OSError: the disk is full" in capfd.readouterr().err


ECHO = """
import os, sys, time
rank = int(os.environ["RANK"])
print("rank", rank, "of", os.environ["WORLD_SIZE"])
if rank:
    sys.exit(3) if "fail" in sys.argv else print("not shown")
time.sleep(100 if "hang" in sys.argv else 0)
"""


def test_a_command_is_started_once_per_rank_and_only_rank_0_prints(capfd: pytest.CaptureFixture[str]) -> None:
    assert launch([sys.executable, "-c", ECHO], 2) == 0
    assert capfd.readouterr().out == "rank 0 of 2\n"


def test_ranks_that_hang_after_another_has_failed_are_killed(capfd: pytest.CaptureFixture[str]) -> None:
    assert launch([sys.executable, "-c", ECHO, "fail", "hang"], 2, grace_s=0.2) == 128 + signal.SIGKILL
    assert "not shown" not in capfd.readouterr().out
