"""Our own method, and a whole run of the benchmark, with a model of random weights."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from benchmarks import __main__ as command
from benchmarks import report
from benchmarks.errors import CasesError
from benchmarks.quality import perplexity
from benchmarks.quality.cases.case import Case, Metric
from benchmarks.quality.ways import Way, method
from benchmarks.report import Report
from transformers import LlamaForCausalLM

from parallelcomp import Chunk, ChunkKV, Engine, EngineConfig, Eviction, KVPrecision, Sampling, Selection, split
from wholedoc.answering import pipeline
from wholedoc.answering.evidence.passages import Passage, best_passages
from wholedoc.documents.document import Document
from wholedoc.library import Library
from wholedoc.models.chat_template import encode
from wholedoc.reading.corpus import Corpus
from wholedoc.settings import Settings

SENTENCES = [f"On day {day} the ferry carried {day * 37} passengers and {day + 3} goats." for day in range(60)]
PAGES = tuple("\n\n".join(SENTENCES[at : at + 15]) for at in range(0, 60, 15))
# One chunk of about 128 tokens is kept, and its KV is exact.
ENGINE = EngineConfig(chunk_tokens=128, eviction=Eviction(kept_tokens=128), precision=KVPrecision.FP32)


@pytest.fixture(scope="module")
def library(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    # A model of random weights finds nothing; it is to answer all the same.
    sampling = Sampling(max_new_tokens=4)
    settings = Settings(str(tiny_model), dtype=torch.float32, engine=ENGINE, sampling=sampling, found_margin=-100)
    return Library.open(tmp_path_factory.mktemp("library"), settings)


def case(day: int) -> Case:
    answer = f"{day * 37} passengers"
    return Case(
        "ferry", PAGES, f"How many passengers on day {day}?", (answer,), Metric.CONTAINS, frozenset([day // 15])
    )


def independent_nll(library: Library, read: tuple[int, ...], answer_prefix: str, answer: str) -> float:
    """Return the answer's NLL after these tokens of the document, by one pass of transformers over the prompt."""
    model = library.model
    question = model.prompt.question(model.tokenizer, case(20).question, answer_prefix=answer_prefix)
    prompt, wanted = (*model.prompt.prefix, *read, *question.all_ids), encode(model.tokenizer, answer)
    plain = LlamaForCausalLM(copy.deepcopy(model.loaded.model.config)).eval()
    plain.load_state_dict(model.loaded.model.state_dict())
    plain.set_attn_implementation("eager")
    with torch.inference_mode():
        logits = plain(input_ids=torch.tensor([[*prompt, *wanted]])).logits[0]
    predicted = logits[len(prompt) - 1 : -1].log_softmax(-1)
    return -float(predicted[range(len(wanted)), list(wanted)].mean())


def ferry(library: Library) -> Document:
    """Return the document that all cases are about."""
    return library.remember_pages([(text, str(number)) for number, text in enumerate(PAGES, 1)], "ferry")


def kept_chunk(library: Library) -> Chunk:
    """Return the only chunk of the ferry's document that is kept, cut anew."""
    document = ferry(library)
    tokenized = library.tokenized(document)
    chunks = split(tokenized.token_ids, ENGINE.chunk_tokens, tokenized.paragraph_starts)
    scored = library.ask([document], case(20).question).chunks
    (kept,) = (chunk for chunk, one in zip(chunks, scored, strict=True) if one.kept)
    return kept


@pytest.fixture
def passages(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Collect the tokens of every passage that an answer is written from, in order."""
    seen: list[tuple[int, ...]] = []
    reread, alone = Engine.reread, Engine.alone

    def rereading(engine: Engine, chunks: Sequence[Chunk], *rest: Any) -> Selection:
        seen.append(tuple(token for one in chunks for token in one.token_ids))
        return reread(engine, chunks, *rest)

    def answering_alone(engine: Engine, read: ChunkKV, *rest: Any) -> Selection:
        seen.append(read.chunk.token_ids)
        return alone(engine, read, *rest)

    monkeypatch.setattr(Engine, "reread", rereading)
    monkeypatch.setattr(Engine, "alone", answering_alone)
    return seen


@pytest.mark.parametrize("way", [Way.CONTEXT, Way.REREAD, Way.MIXTURE])
def test_the_answer_is_as_likely_as_after_the_kept_chunk_in_an_ordinary_prompt(way: Way, library: Library) -> None:
    """Where one chunk is all that is kept, the three compositions are the same as full attention over it."""
    chunk = kept_chunk(library)
    said = method(way, library).answer(case(20))
    expected = independent_nll(library, chunk.token_ids, "", "740 passengers")
    assert said.nll == pytest.approx(expected, abs=2e-5)
    missing = independent_nll(library, chunk.token_ids[1:], "", "740 passengers")
    assert abs(expected - missing) > 1e-4, "even one token less is told apart"
    assert said.kept_tokens == len(chunk)


@pytest.mark.parametrize("way", [Way.OURS, Way.PASSAGES, Way.QUOTE])
def test_the_answer_is_as_likely_as_after_the_passages_in_an_ordinary_prompt(
    way: Way, library: Library, passages: list[tuple[int, ...]]
) -> None:
    """So small a model is given the first word of its answer."""
    chunk = kept_chunk(library)
    passages.clear()
    said = method(way, library).answer(case(20))
    read = passages[-1]
    assert said.nll == pytest.approx(independent_nll(library, read, "Answer:", " 740 passengers"), abs=2e-5)
    assert said.kept_tokens == len(chunk)
    ids = library.tokenized(ferry(library)).token_ids
    starts = range(chunk.start, chunk.stop)
    assert any(ids[at : at + len(read)] == read for at in starts), "a passage begins in the kept chunk"


def test_the_cited_pages_are_those_of_the_kept_chunk(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """With random weights a question attends less to the text than its lead does; unsigned, it cites passages."""

    def unsigned(corpus: Corpus, question: str, kept: Any, attention: Any, limit: int) -> list[Passage]:
        return best_passages(corpus, question, kept, abs(attention), limit)

    monkeypatch.setattr(pipeline, "best_passages", unsigned)
    pages = library.tokenized(ferry(library)).pages
    chunk = kept_chunk(library)
    said = method(Way.OURS, library).answer(case(20))
    assert said.pages
    assert set(said.pages) <= set(pages[chunk.start : chunk.stop].tolist())


def test_evidence_is_kept_where_a_kept_chunk_holds_the_answer(library: Library) -> None:
    """One chunk of eleven is kept for a question: the answers that stand in it are kept, and no others."""
    ours = method(Way.CONTEXT, library)
    question = "How many passengers did the ferry carry?"
    kept: list[int] = []
    for day in range(0, 60, 4):
        asked = Case("ferry", PAGES, question, (f"{day * 37} passengers",), Metric.CONTAINS, frozenset([day // 15]))
        if ours.answer(asked).evidence_kept:
            kept.append(day)
    assert 1 <= len(kept) <= 3
    assert kept == list(range(kept[0], kept[-1] + 1, 4))


def test_what_was_read_is_not_read_again(library: Library) -> None:
    pages = ("A page that nobody read before. " * 20, *PAGES)
    new = Case("new", pages, "Who?", ("nobody",), Metric.CONTAINS)
    first, again = (method(way, library).answer(new) for way in (Way.OURS, Way.MIXTURE))
    assert first.read_tokens > 0
    assert again.read_tokens == 0


def test_a_run_from_the_command_line_writes_cases_and_summaries(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    line = ["quality", "--task", "passkey", "--length", "700", "--depths", "2", "--methods", "ours", "ours-mixture"]
    more = ["--model", str(tiny_model), "--chunk-tokens", "128", "--kept-tokens", "256", "--answer-tokens", "3"]
    monkeypatch.setattr(sys, "argv", ["benchmarks", *line, *more, "--out", "try"])
    command.main()
    written = json.loads((tmp_path / "quality-try.json").read_text())
    assert written["kept_tokens"] == 256
    summaries = [row for row in written["rows"] if "summary" in row]
    assert [row["method"] for row in summaries] == ["ours", "ours-mixture"]
    assert all(row["cases"] == 2 and row["nll"] > 0 for row in summaries)
    assert len(written["rows"]) == 6


def test_a_continuation_is_predicted_as_with_full_attention_where_one_chunk_is_all(
    roomy_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    monkeypatch.setattr(perplexity, "CONTINUATION", 12)
    text = tmp_path / "text.txt"
    text.write_text("\n\n".join(SENTENCES))
    exact = EngineConfig(precision=KVPrecision.FP32)
    library = Library.open(tmp_path / "library", Settings(str(roomy_model), dtype=torch.float32, engine=exact))
    figures = Report("perplexity")
    perplexity.run(figures, library, text, [512, 640], places=2)
    assert [row["length"] for row in figures.rows] == [512, 640]
    for row in figures.rows:
        assert row["nll_ours_each"] == pytest.approx(row["nll_full_attention_each"], abs=1e-5)
    nll = {one for row in figures.rows for one in row["nll_ours_each"]}
    assert min(abs(one - other) for one in nll for other in nll if one != other) > 1e-5, "contexts differ"
    with pytest.raises(CasesError, match="too few"):
        perplexity.run(figures, library, text, [100_000], places=1)


@pytest.mark.parametrize(
    "wrong", [["--task", "riddle"], ["--methods", "magic"], ["--length", "0"], ["--depths", "1"]]
)
def test_what_is_not_known_on_the_command_line_is_refused(
    wrong: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "quality", *wrong])
    with pytest.raises(SystemExit):
        command.main()
    assert wrong[0] in capsys.readouterr().err
