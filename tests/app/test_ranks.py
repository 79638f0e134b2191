"""The library over several processes, and APB and Star-Attention over documents: what one process says, all say."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from parallelcomp import WindowError
from parallelcomp.apb import APB
from parallelcomp.errors import LayoutError
from parallelcomp.ranks import Ranks
from wholedoc import Answer, Library, Reading, Settings
from wholedoc.cli import run
from wholedoc.errors import QuestionError
from wholedoc.storage.home import home

from ..ranks import Result, as_ranks, joined
from .conftest import Command

pytestmark = pytest.mark.embedded
TEXT = "\n\n".join(
    f"Entry {n}. On day {n % 28 + 1} the vessel number {n * 7} came in with {n * 13} crates of salt and left again."
    for n in range(40)
)
QUESTION = "What did vessel number 91 bring?"
BY_APB = APB(4, 32, 16)


@pytest.fixture(autouse=True)
def _always_cites(always_cites: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parallelcomp.apb.reading.question_weights", lambda question: [1.0] * len(question.asked))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "log.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def said(answer: Answer) -> Result:
    """All of an answer but its seconds."""
    return {"text": answer.text, "citations": answer.citations, "chunks": answer.chunks, "usage": answer.usage}


def asked(library: Library, settings: Settings) -> list[Result]:
    """The same question in parallel chunks and by APB."""
    document = library.remember(TEXT)
    ways = [settings, replace(settings, apb=BY_APB), replace(settings, apb=APB.star(2))]
    return [said(library.with_settings(way).ask([document], QUESTION)) for way in ways]


def test_several_processes_answer_as_one(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(ranks: Ranks) -> Result:
        library = Library.open(settings=settings, ranks=ranks)
        answers = asked(library, settings)
        written = len(list((home() / "kv").glob("*/*.safetensors")))
        with pytest.raises(QuestionError, match="a summary is made by one process only: leave out --ranks"):
            next(library.everywhere([library.remember(TEXT)], "Summarise this"))
        return {"answers": answers, "written": written}

    results = joined(work, tmp_path, 2)
    monkeypatch.setenv("WHOLEDOC_HOME", str(tmp_path / "another"))
    alone = asked(Library.open(settings=settings), settings)
    for answer in alone:
        assert answer["citations"]
    assert [answer["usage"].kept_tokens for answer in alone[1:]] == [alone[0]["usage"].document_tokens] * 2
    for result in results:
        assert result is not None
        assert result["answers"] == alone
        assert result["written"] == len(alone[0]["chunks"]) > 3


def said_by_two(command: list[str], folder: Path) -> str:
    """Run a command as rank 0 and rank 1 of two; return what rank 0 prints. Rank 1 prints nothing."""

    def work() -> Result:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            code = run(command)
        return {"code": code, "out": out.getvalue()}

    leading, assisting = as_ranks(work, folder, 2)
    assert assisting == {"code": 0, "out": ""}
    assert leading is not None
    said: str = leading["out"]
    return said


def test_several_processes_list_what_one_lists(
    file: Path, tiny_model: Path, tmp_path: Path, wholedoc: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A random model, asked as if it were large, says nonsense; all of it is said by both."""
    monkeypatch.setattr("wholedoc.library.SMALL_MODEL", 0)
    command = [
        "ask",
        str(file),
        "-q",
        "Which vessels came in?",
        "--everywhere",
        "--json",
        "--model",
        str(tiny_model),
    ]
    command += ["--dtype", "fp32", "--chunk-tokens", "128"]
    out = said_by_two(command, tmp_path)
    (together,) = json.loads(out)["answers"]
    (alone,) = json.loads(wholedoc(*command)[1])["answers"]
    assert together["parts"]["asked"] == together["parts"]["all"] > 3
    assert all(together[name] == alone[name] for name in ("answer", "items", "count", "parts"))


@pytest.mark.parametrize("attention", ["parallel", "apb"])
def test_of_several_processes_rank_0_speaks(
    attention: str, file: Path, tiny_model: Path, tmp_path: Path, wholedoc: Command
) -> None:
    """On the command line, as torchrun starts it; a conversation is seen by all ranks."""
    command = ["ask", str(file), "-q", QUESTION, "-q", "And then?", "--conversation", "--json"]
    command += ["--model", str(tiny_model), "--dtype", "fp32", "--max-new-tokens", "3", "--chunk-tokens", "128"]
    command += ["--attention", attention]
    out = said_by_two(command, tmp_path)
    together = json.loads(out)
    assert together["ranks"]["size"] == 2
    assert together["ranks"]["bytes"] > 0
    code, out, _ = wholedoc(*command)
    assert code == 0
    alone = json.loads(out)
    assert "ranks" not in alone
    for one, other in zip(together["answers"], alone["answers"], strict=True):
        assert (one["answer"], one["citations"]) == (other["answer"], other["citations"])


def test_a_question_by_apb_keeps_nothing_and_says_how_far_it_is(library: Library, settings: Settings) -> None:
    document = library.remember(TEXT)
    events = list(library.stream([document], QUESTION, settings=replace(settings, apb=BY_APB)))
    read = [event.tokens for event in events if isinstance(event, Reading)]
    assert read == sorted(read)
    assert len(read) == BY_APB.hosts
    assert read[-1] == len(library.tokenized(document))
    assert not list((home() / "kv").glob("*/*"))


def test_what_does_not_fit_is_said_before_anything_is_read(library: Library, settings: Settings) -> None:
    document, longer = library.remember(TEXT), library.remember(TEXT * 3)
    for asked, apb, error, says in (
        (document, APB(4, 5000), LayoutError, "shorter anchor or fewer hosts"),
        (longer, APB(4), WindowError, "or read in parallel chunks"),
    ):
        with pytest.raises(error, match=says):
            next(library.stream([asked], QUESTION, settings=replace(settings, apb=apb)))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--hosts", "3"], "--hosts says nothing to --attention parallel"),
        (["--attention", "star", "--passing-tokens", "3"], "--passing-tokens says nothing to --attention star"),
        (["--attention", "apb", "--hosts", "0"], "0 is not in the range"),
        (["--attention", "apb", "--anchor-tokens", "9999"], "shorter anchor or fewer hosts"),
    ],
)
def test_bad_settings_are_exit_code_2(
    given: list[str], says: str, file: Path, roomy_model: Path, wholedoc: Command
) -> None:
    code, out, err = wholedoc("ask", file, "-q", QUESTION, "--model", roomy_model, *given)
    assert (code, out.strip()) in ((2, ""), (2, QUESTION))
    assert says in err
