"""The figures of llama.cpp and the ratios to it, with a model whose every step takes known seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from benchmarks import report
from benchmarks.errors import NotInstalledError
from benchmarks.speed import asking_child, llama_cpp, llama_cpp_child
from benchmarks.speed.asking_child import AskingRequest
from benchmarks.speed.llama_cpp import Length
from benchmarks.speed.llama_cpp_child import WARM_TOKENS, LlamaCppRequest

DOCUMENT = tuple(range(1000, 1600))
QUESTION = (7, 8, 9)
REQUEST = LlamaCppRequest("a.gguf", DOCUMENT, QUESTION, decoded=4, threads=2, flash_attention=True)


class Clock:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


@dataclass
class ScriptedLlama:
    """Stands in for `llama_cpp.Llama`; it draws the tokens 50, 51, 52 ... and keeps what it was given to evaluate.

    Evaluating n tokens after m takes n * (0.01 + m / 100,000) seconds, and drawing a token 0.5 seconds.
    """

    clock: Clock
    path: str
    settings: dict[str, Any]
    evaluated: list[tuple[int, ...]] = field(default_factory=list)
    held: int = 0
    drawn: int = 0

    def eval(self, tokens: Sequence[int]) -> None:
        self.evaluated.append(tuple(tokens))
        self.clock.now += seconds(len(tokens), self.held)
        self.held += len(tokens)

    def sample(self, **settings: Any) -> int:
        assert settings == {"temp": 0.0, "repeat_penalty": 1.0}
        self.clock.now += 0.5
        self.drawn += 1
        return 49 + self.drawn

    def reset(self) -> None:
        self.held = 0


def seconds(tokens: int, held: int) -> float:
    return tokens * (0.01 + held / 100_000)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[ScriptedLlama]:
    """Replace llama-cpp-python by the scripted model; return every model that is loaded."""
    models: list[ScriptedLlama] = []
    clock = Clock()

    def load(path: str, **settings: Any) -> ScriptedLlama:
        clock.now += 1000  # loading counts nowhere
        models.append(ScriptedLlama(clock, path, settings))
        return models[-1]

    package = SimpleNamespace(Llama=load, __version__="0.0.1", llama_print_system_info=lambda: b"AVX = 1 |\n")
    monkeypatch.setitem(sys.modules, "llama_cpp", package)
    monkeypatch.setattr(llama_cpp_child, "time", clock)
    return models


def test_reading_the_first_token_and_decoding_are_timed_apart(loaded: list[ScriptedLlama]) -> None:
    """Neither loading nor the warm-up counts, and each part ends with the token that is drawn after it."""
    row = llama_cpp_child.measure(REQUEST)
    read_s = seconds(600, 0) + 0.5
    decode_s = sum(seconds(1, 603 + index) + 0.5 for index in range(4))
    assert row["tokens"] == 600
    assert row["read_s"] == pytest.approx(read_s)
    assert row["read_tokens_per_s"] == pytest.approx(600 / read_s)
    assert row["first_token_s"] == pytest.approx(seconds(3, 600) + 0.5)
    assert row["decode_tokens_per_s"] == pytest.approx(4 / decode_s)
    assert row["peak_gb"] > 0


def test_llama_cpp_reads_the_same_tokens_and_decodes_after_all_of_them(loaded: list[ScriptedLlama]) -> None:
    llama_cpp_child.measure(REQUEST)
    (model,) = loaded
    warm, document, question, *decoded = model.evaluated
    assert warm == DOCUMENT[:WARM_TOKENS]
    assert (document, question) == (DOCUMENT, QUESTION)
    assert decoded == [(52,), (53,), (54,), (55,)]  # 50 and 51 were drawn after document and question
    assert model.held == 600 + 3 + 4, "what the warm-up left is gone"
    assert model.path == "a.gguf"
    assert model.settings["n_ctx"] >= model.held
    assert (model.settings["n_threads"], model.settings["n_threads_batch"]) == (2, 2)
    assert model.settings["flash_attn"] is True


def test_the_version_is_that_of_the_package_that_is_measured(loaded: list[ScriptedLlama]) -> None:
    assert llama_cpp_child.installed(None) == {"version": "0.0.1", "features": "AVX = 1 |\n"}


@pytest.fixture
def compared(loaded: list[ScriptedLlama], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[AskingRequest]:
    """Script ours too, to read in 3, 2, 3 ... seconds and to answer after 2; return the requests to measure it."""
    asked: list[AskingRequest] = []

    def in_this_process(measure: Callable[[Any], dict[str, Any]], request: Any, python: str = "") -> dict[str, Any]:
        if measure is not asking_child.measure:
            return measure(request)
        asked.append(request)
        read_s = 2.0 + len(asked) % 2
        return {
            "tokens": request.tokens,
            "read_s": read_s,
            "read_tokens_per_s": request.tokens / read_s,
            "first_token_s": 2.0,
            "decode_context_tokens_per_s": 20.0,
            "decode_passage_tokens_per_s": 40.0,
            "score_s": 1.0,
            "peak_gb": 1.5,
        }

    def request(gguf: Path, tokens: int, decoded: int, flash_attention: bool) -> LlamaCppRequest:
        return LlamaCppRequest(str(gguf), tuple(range(tokens)), QUESTION, decoded, 2, flash_attention)

    monkeypatch.setattr(report, "RESULTS", tmp_path)
    monkeypatch.setattr(llama_cpp, "in_child", in_this_process)
    monkeypatch.setattr(llama_cpp, "cached_gguf", lambda: Path("a.gguf"))
    monkeypatch.setattr(llama_cpp, "_llama_cpp_request", request)
    return asked


def test_a_run_compares_medians_at_every_length(
    compared: list[AskingRequest], loaded: list[ScriptedLlama], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llama_cpp, "FULL", (Length(300, 3), Length(900, 1)))
    made = llama_cpp.run(quick=False)
    rows = {(row["engine"], row["tokens"]): row for row in made.rows if "engine" in row}
    assert [row["rounds"] for row in rows.values()] == [3, 3, 3, 1, 1]
    assert [one.tokens for one in compared] == [300, 300, 300, 900]
    ours, theirs = rows["ours", 300], rows["llama.cpp", 300]
    assert ours["read_s"] == 3.0, "of 3, 2 and 3 seconds"
    assert (ours["decode_tokens_per_s"], ours["decode_passage_tokens_per_s"]) == (20.0, 40.0)
    assert theirs["read_s"] == pytest.approx(seconds(300, 0) + 0.5)
    assert [one.settings["flash_attn"] for one in loaded] == [False, True, True, False, False, True, False]
    # One of both forms, which are as fast here, goes on to the longer text.
    assert [engine for engine, tokens in rows if tokens == 900] == ["ours", "llama.cpp"]
    ratios = {row["figure"]: row for row in made.rows if "figure" in row}
    assert set(ratios) == {
        "ours over llama.cpp at 300 tokens",
        "ours over llama.cpp, flash attention at 300 tokens",
        "ours over llama.cpp at 900 tokens",
    }
    # Above one is better for ours: it takes 3 s where llama.cpp takes 3.5, and 2 s to its 0.539.
    ratio = ratios["ours over llama.cpp at 300 tokens"]
    assert ratio["read_tokens_per_s"] == pytest.approx(3.5 / 3.0)
    assert ratio["first_token"] == pytest.approx((seconds(3, 300) + 0.5) / 2.0)
    assert ratio["decode_tokens_per_s"] == pytest.approx(20.0 / theirs["decode_tokens_per_s"])
    assert any("llama-cpp-python 0.0.1: AVX = 1 |" in note for note in made.notes)


def test_without_llama_cpp_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    monkeypatch.setattr(llama_cpp, "in_child", lambda measure, request, python: measure(request))
    with pytest.raises(NotInstalledError, match=r"make llama-cpp.*--llama-cpp-python"):
        llama_cpp.run(quick=True)
