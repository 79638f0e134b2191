"""Our method and a whole run, with a model of random weights."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch
from benchmarks import __main__ as command
from benchmarks import report
from benchmarks.quality import perplexity
from benchmarks.quality.case import Case, Metric
from benchmarks.quality.errors import CasesError
from benchmarks.quality.ways import Way, method
from benchmarks.report import Report

from parallelcomp import EngineConfig, Eviction, KVPrecision, Sampling
from wholedoc.library import Library
from wholedoc.settings import Settings

SENTENCES = [f"On day {day} the ferry carried {day * 37} passengers and {day + 3} goats." for day in range(60)]
PAGES = tuple("\n\n".join(SENTENCES[at : at + 15]) for at in range(0, 60, 15))
ENGINE = EngineConfig(chunk_tokens=128, eviction=Eviction(kept_tokens=128))


@pytest.fixture(scope="module")
def library(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    # A model of random weights finds nothing; it is to answer all the same.
    sampling = Sampling(max_new_tokens=4)
    settings = Settings(str(tiny_model), engine=ENGINE, sampling=sampling, found_margin=-100)
    return Library.open(tmp_path_factory.mktemp("library"), settings)


def case(day: int) -> Case:
    answer = f"{day * 37} passengers"
    return Case(
        "ferry", PAGES, f"How many passengers on day {day}?", (answer,), Metric.CONTAINS, frozenset([day // 15])
    )


@pytest.mark.parametrize("way", Way)
def test_every_way_of_ours_answers_and_says_how_likely_the_right_answer_was(way: Way, library: Library) -> None:
    said = method(way, library).answer(case(20))
    assert said.nll is not None
    assert 0 < said.nll < 100
    assert 0 < said.kept_tokens <= 128
    assert said.pages is not None
    assert all(0 <= page < len(PAGES) for page in said.pages)


def test_evidence_is_kept_where_a_kept_chunk_holds_the_answer(library: Library) -> None:
    """One chunk of eleven stays for a question; the answers that stand in it are kept, and no others."""
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
