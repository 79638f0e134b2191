"""Several questions to one document at once, and clustered heads, from the library and the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from parallelcomp import Eviction, EvictionPolicy
from wholedoc import Done, Library, Settings
from wholedoc.answer import Scoring
from wholedoc.errors import QuestionError
from wholedoc.settings import AnswerFrom

from ..conftest import SAMPLES, Command
from ..test_library import PARAGRAPHS, write

pytestmark = pytest.mark.embedded
NOTICE = SAMPLES / "short_notice.pdf"
QUESTIONS = ["What came in?", "How many crates of salt did the vessel number 21 bring, and on which day?", "Who?"]


@pytest.mark.parametrize("answer_from", AnswerFrom)
def test_questions_together_get_the_answers_they_get_alone(
    settings: Settings, tmp_path: Path, answer_from: AnswerFrom
) -> None:
    eviction = Eviction(kept_tokens=400, capacity=100, policy=EvictionPolicy.SNAPKV)
    engine = replace(settings.engine, eviction=eviction)
    library = Library.open(settings=replace(settings, engine=engine, answer_from=answer_from))
    document = library.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    list(library.read(document))
    events = list(library.stream_many([document], QUESTIONS))
    together = [event.answer for event in events if isinstance(event, Done)]
    assert [answer.question for answer in together] == QUESTIONS
    chunks = len(together[0].chunks)
    assert chunks > 3
    assert [event.done for event in events if isinstance(event, Scoring)] == list(range(1, chunks + 1))
    for answer in together:
        alone = library.ask([document], answer.question)
        assert answer.token_ids == alone.token_ids
        assert answer.citations == alone.citations
        assert [one.kept for one in answer.chunks] == [one.kept for one in alone.chunks]
        assert [one.nll for one in answer.chunks] == pytest.approx([one.nll for one in alone.chunks], abs=1e-4)
        assert answer.timings.total_s > answer.timings.score_s > 0


def test_no_questions_are_no_work(library: Library, tmp_path: Path) -> None:
    document = library.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    assert list(library.stream_many([document], [])) == []
    assert library.documents()[0].warm == 0


def test_one_empty_question_stops_all_before_anything_is_read(library: Library, tmp_path: Path) -> None:
    document = library.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    with pytest.raises(QuestionError, match="empty"):
        list(library.stream_many([document], ["What?", " "]))
    assert library.documents()[0].warm == 0


def test_the_command_line_asks_together(wholedoc: Command, roomy_model: Path) -> None:
    options = ["--model", roomy_model, "--dtype", "fp32", "--max-new-tokens", "4"]
    asked = ["-q", "Who keeps the bridge?", "-q", "Which channel?"]
    code, out, _ = wholedoc("ask", NOTICE, *asked, *options)
    assert code == 0
    assert out.index("Who keeps the bridge?") < out.index("Which channel?")
    code, out, _ = wholedoc("ask", NOTICE, *asked, *options, "--json")
    assert code == 0
    assert [one["question"] for one in json.loads(out)["answers"]] == ["Who keeps the bridge?", "Which channel?"]


@pytest.mark.parametrize("policy", EvictionPolicy)
def test_every_eviction_policy_answers(wholedoc: Command, roomy_model: Path, policy: EvictionPolicy) -> None:
    options = [
        "--model",
        roomy_model,
        "--capacity",
        "40",
        "--chunk-tokens",
        "256",
        "--max-new-tokens",
        "4",
        "--json",
    ]
    code, out, _ = wholedoc("ask", NOTICE, "-q", "Who?", "--eviction", policy.value, *options)
    assert code == 0
    assert json.loads(out)["answers"][0]["answer"]


def test_clustered_heads_from_the_command_line(wholedoc: Command, roomy_model: Path, tmp_path: Path) -> None:
    model = ["--model", roomy_model, "--dtype", "fp32"]
    code, out, _ = wholedoc("cluster-heads", NOTICE, *model, "--json")
    assert code == 0
    found = json.loads(out)
    assert len(found["clusters"]) == 2
    assert all(1 <= count <= found["query_heads"] == 4 for count in found["clusters"])
    asked = ["ask", NOTICE, "-q", "Who?", "--max-new-tokens", "4"]
    for membership in ("first-tokens", "observation-window"):
        code, _, _ = wholedoc(*asked, *model, "--clusters", found["file"], "--cluster-by", membership)
        assert code == 0
    # The same model in another number format rounds other weights.
    code, _, err = wholedoc(*asked, "--model", roomy_model, "--dtype", "bf16", "--clusters", found["file"])
    assert code == 2
    assert "another model" in err
    code, _, err = wholedoc(*asked, *model, "--clusters", tmp_path / "none.json")
    assert code == 2
    assert "cannot read the clusters" in err
    own = tmp_path / "own" / "clusters.json"
    code, out, _ = wholedoc("cluster-heads", NOTICE, *model, "-o", own)
    assert code == 0
    assert str(own) in out
    assert json.loads(own.read_text())["clusters"] == found["clusters"]
