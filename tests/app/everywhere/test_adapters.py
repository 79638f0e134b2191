"""Questions to every part from Python, the command line, the OpenAI server and LlamaIndex."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("llama_index.core")

from parallelcomp import Cancelled
from wholedoc import (
    AskingParts,
    Cited,
    Done,
    Event,
    Kind,
    Library,
    Reading,
    Rewritten,
    Scope,
    Settings,
    Token,
    Turn,
)
from wholedoc.errors import NoWriterError, QuestionError
from wholedoc.everywhere.kinds import Scope as ScopeAgain
from wholedoc.llama_index import WholeDocumentQueryEngine
from wholedoc.settings import Answerer
from wholedoc.writers.local import LocalWriter

from ..conftest import Command
from ..server.serving import events, running
from .documents import LOG
from .scripted import Ruled, extracting
from .test_listing import vessels

pytestmark = pytest.mark.embedded
QUESTION = "From which vessels did gas oil run?"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "log.txt"
    path.write_text("\f".join(page.text for page in LOG.pages))
    return path


@pytest.fixture
def library(settings: Settings) -> Library:
    """A library whose writer knows about gas oil, and rewrites what refers back."""

    def find(message: str) -> str:
        return QUESTION if message.startswith("Rewrite") else vessels(message)

    return Library.open(settings=settings, writer=Ruled(extracting(find)))


def test_a_list_from_python(library: Library, path: Path) -> None:
    document = library.parse(path)
    kinds = [type(event) for event in library.everywhere([document.id], QUESTION)]
    assert Reading in kinds
    assert kinds.index(AskingParts) < kinds.index(Cited) < kinds.index(Token) < kinds.index(Done)
    answer = library.ask([document], QUESTION, scope=Scope.BY_QUESTION)
    assert answer.everywhere is not None
    assert [one.item for one in answer.everywhere.items] == ["Amber Dove", "Bold Wren"]
    assert [one.quote for one in answer.citations] == [one.quote for one in answer.everywhere.items]
    assert library.ask([document], "Who paid?", scope=Scope.BY_QUESTION).everywhere is None
    assert Scope is ScopeAgain


def test_how_long_it_will_take_is_known_before_it_starts_once_it_was_done_before(
    library: Library, path: Path
) -> None:
    document = library.parse(path)
    before = library.expected([document], QUESTION, Kind.LIST)
    assert before.asked == before.parts > 0
    assert before.seconds is None
    first = next(one for one in library.everywhere([document], QUESTION) if isinstance(one, AskingParts))
    assert first.seconds_left is None
    list(library.everywhere([document], QUESTION))
    again = Library.open(library.folder.path, settings=library.settings, writer=library.writer)
    after = again.expected([document], QUESTION, Kind.LIST)
    assert after.seconds is not None
    events = again.everywhere([document.id], QUESTION)
    started = next(one for one in events if isinstance(one, AskingParts))
    assert (started.done, started.seconds_left) == (0, after.seconds)
    assert again.expected([document], QUESTION, Kind.CHECK).seconds is None  # another kind takes another time
    assert again.expected([document, document], QUESTION, Kind.COMPARISON).asked == 2


def test_a_question_that_refers_back_is_rewritten_first(library: Library, path: Path) -> None:
    document = library.parse(path)
    turns = [Turn("What ran from the Amber Dove?", "Gas oil.")]
    events = list(library.everywhere([document], "And from which others?", kind=Kind.LIST, history=turns))
    assert Rewritten(QUESTION) in events
    assert isinstance(events[-1], Done)
    answer = events[-1].answer
    assert (answer.question, answer.standalone) == ("And from which others?", QUESTION)
    assert answer.everywhere is not None
    assert len(answer.everywhere.items) == 2


def test_comparing_asks_each_document_for_itself(library: Library, path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("9 litres of gas oil ran from the yacht Grey Heron at Saltgate. She was fined for it.\n")
    documents = [library.parse(path), library.parse(other)]
    answer = library.ask(documents, "How do they differ in gas oil?", scope=Scope.BY_QUESTION)
    assert answer.everywhere is not None
    assert [one.document for one in answer.everywhere.items] == ["log.txt", "other.txt"]


def test_it_stops_when_it_is_cancelled(library: Library, path: Path) -> None:
    document = library.parse(path)
    stop = threading.Event()
    events = library.with_writer(_stopping(library, stop)).everywhere([document], QUESTION, cancelled=stop.is_set)
    assert isinstance(next(event for event in events if isinstance(event, AskingParts)), AskingParts)
    stop.set()
    with pytest.raises(Cancelled):
        list(events)


def _stopping(library: Library, stop: threading.Event) -> Ruled:
    """A writer that notices that it was stopped, as every writer does."""

    def rule(message: str) -> str:
        if stop.is_set():
            raise Cancelled("stopped while writing")
        return vessels(message)

    return Ruled(rule)


def test_the_model_of_this_process_is_asked_in_turns(settings: Settings, path: Path) -> None:
    """A random model says nonsense, but every batch is a turn, and the answer says how much was asked."""
    library = Library.open(settings=replace(settings, answer_model=settings.model or ""))
    assert isinstance(library.writer, LocalWriter)
    answer = library.ask([library.parse(path)], QUESTION, scope=Scope.EVERYWHERE)
    assert answer.everywhere is not None
    assert answer.everywhere.asked == answer.everywhere.parts > 0
    assert not library.turns.busy


def test_a_conversation_on_the_command_line_goes_on_everywhere(
    wholedoc: Command, path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def everywhere(self: Library, *_: object, history: Sequence[Turn], **__: object) -> Iterator[Event]:
        seen.append(len(history))
        return self.stream([self.parse(path)], "Who?")

    monkeypatch.setattr(Library, "everywhere", everywhere)
    models = ("--model", str(tiny_model), "--answer-model", str(tiny_model), "--chunk-tokens", "256")
    questions = ("-q", "Which vessels came?", "-q", "And from which others?")
    assert wholedoc("ask", path, *questions, "--conversation", "--everywhere", "--json", *models)[0] == 0
    assert seen == [0, 1]


def test_what_changed_needs_no_writer(settings: Settings, path: Path, tmp_path: Path) -> None:
    library = Library.open(settings=replace(settings, answer_model=Answerer.READER))
    other = tmp_path / "other.txt"
    other.write_text(path.read_text().replace("North Mole", "Saltgate"))
    documents = [library.parse(path), library.parse(other)]
    answer = library.ask(documents, "What changed between these two?", scope=Scope.BY_QUESTION)
    assert answer.everywhere is not None
    (item,) = answer.everywhere.items
    assert item.item.startswith("changed")
    assert "Saltgate" in item.quote
    assert answer.usage.document_tokens > 0


def test_without_a_writer_a_small_reader_says_what_to_do(settings: Settings, path: Path) -> None:
    library = Library.open(settings=replace(settings, answer_model=Answerer.READER))
    assert library.wanted(QUESTION, 1, Scope.BY_QUESTION) is None
    assert library.wanted(QUESTION, 1, Scope.EVERYWHERE) is Kind.LIST
    with pytest.raises(NoWriterError, match="wholedoc models fetch"):
        list(library.everywhere([library.parse(path)], QUESTION))


def test_an_empty_question_is_refused(library: Library, path: Path) -> None:
    with pytest.raises(QuestionError):
        list(library.everywhere([library.parse(path)], "  "))


def test_the_command_line(wholedoc: Command, path: Path, tiny_model: Path) -> None:
    models = ("--model", str(tiny_model), "--answer-model", str(tiny_model), "--chunk-tokens", "256")
    code, out, _ = wholedoc("ask", path, "-q", QUESTION, "--json", *models)
    assert code == 0
    (answer,) = json.loads(out)["answers"]
    assert {"items", "count", "sections", "parts"} <= set(answer)
    assert answer["parts"]["asked"] > 0
    code, out, _ = wholedoc("ask", path, "-q", QUESTION, "--json", "--one-place", *models)
    assert code == 0
    assert "items" not in json.loads(out)["answers"][0]
    code, out, err = wholedoc("ask", path, "-q", "Who paid?", "--everywhere", *models)
    assert code == 0
    assert "parts asked" in out
    assert "--one-place looks for one place instead" in err
    code, out, _ = wholedoc("ask", path, "-q", "Summarise this", *models)
    assert code == 0
    assert "**" in out


def test_the_command_line_says_what_is_missing(wholedoc: Command, path: Path, tiny_model: Path) -> None:
    models = ("--model", str(tiny_model), "--answer-model", "reader", "--chunk-tokens", "256")
    code, _, err = wholedoc("ask", path, "-q", QUESTION, "--everywhere", *models)
    assert code == 2
    assert "wholedoc models fetch" in err
    assert "Traceback" not in err
    code, out, err = wholedoc("ask", path, "-q", QUESTION, "--json", *models)
    assert code == 0
    assert "items" not in json.loads(out)["answers"][0]
    assert "one place is asked: for a list of every part there must be a model that writes" in err


def test_the_server(library: Library, path: Path) -> None:
    with running(library) as server:
        server.wait_ready()
        file = server.upload("log.txt", path.read_bytes()).json()["id"]
        content = [{"type": "file", "file": {"file_id": file}}, {"type": "text", "text": QUESTION}]
        for rest in ({"everywhere": True}, {"model": "wholedoc-everywhere"}):
            message = _message(server.http.post("/v1/chat/completions", json=_body(content, **rest)))
            found = message["everywhere"]
            assert [(one["item"], one["page_label"], one["verified"]) for one in found["items"]] == [
                ("Amber Dove", "1", True),
                ("Bold Wren", "2", True),
            ]
            assert (found["count"], len(message["annotations"])) == (2, 2)
        body = _body(content, everywhere=True, stream=True)
        with server.http.stream("POST", "/v1/chat/completions", json=body) as response:
            *said, end = events(response)
        assert end == "[DONE]"
        chunks = [json.loads(one) for one in said]
        assert {one["prompt_progress"]["phase"] for one in chunks if one.get("prompt_progress")} == {"asking"}
        last = [one["choices"][0]["delta"] for one in chunks if one["choices"][0]["delta"].get("everywhere")]
        assert last[0]["everywhere"]["count"] == 2
        refused = server.http.post("/v1/chat/completions", json=_body(content, everywhere=True, stop=["x"]))
        assert refused.status_code == 400
        plain = _message(server.http.post("/v1/chat/completions", json=_body(content)))
        assert plain["everywhere"] is None


def _body(content: list[dict[str, object]], **rest: object) -> dict[str, object]:
    return {"model": "wholedoc", "messages": [{"role": "user", "content": content}], **rest}


def _message(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    return response.json()["choices"][0]["message"]


def test_llama_index(library: Library, path: Path) -> None:
    engine = WholeDocumentQueryEngine.from_files([path], library=library, mode=Scope.EVERYWHERE)
    response = engine.query(QUESTION)
    assert "Amber Dove" in str(response)
    assert response.metadata is not None
    assert [one["item"] for one in response.metadata["everywhere"]["items"]] == ["Amber Dove", "Bold Wren"]
    assert [one.node.metadata["page"] for one in response.source_nodes] == [1, 2]
    plain = WholeDocumentQueryEngine.from_files([path], library=library).query(QUESTION)
    assert plain.metadata is not None
    assert "everywhere" not in plain.metadata
