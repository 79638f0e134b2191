"""The browser app over a cluster: its library has no model, and replicas answer what needs one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

pytest.importorskip("ray")
pytest.importorskip("gradio")
from prometheus_client import CollectorRegistry

from parallelcomp import Cancelled
from wholedoc import Document, Library, Planned, Reading, Settings
from wholedoc.cluster.metrics import ReplicaMetrics
from wholedoc.cluster.page_library import PageLibrary
from wholedoc.cluster.sending import Sender
from wholedoc.errors import ModelError, NoWriterError, QuestionError, WholedocError
from wholedoc.everywhere.kinds import Kind, Scope
from wholedoc_ui import chat
from wholedoc_ui.app_state import AppState, Phase
from wholedoc_ui.session import Session, Sessions

from ..server.serving import log, until
from .replicas import Replicas

pytestmark = pytest.mark.embedded
QUESTION = "How many crates came in with vessel 14?"


@dataclass
class Page:
    """A page, the library of the replica behind it, and the handle by which it is reached."""

    app_state: AppState
    library: PageLibrary
    there: Library
    replicas: Replicas
    session: Session

    def put(self, tmp_path: Path, name: str, entries: int = 120) -> Document:
        """Put a document on the shelf, and choose it."""
        path = tmp_path / f"{name}.txt"
        path.write_text(log(name, entries))
        document = self.library.parse(path)
        self.session.selected, self.session.chose = [document.id], True
        return document


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The ingress's event loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def page(served_settings: Settings, tmp_path: Path, loop: asyncio.AbstractEventLoop) -> Iterator[Page]:
    there = Library.open(tmp_path / "library", served_settings)
    replicas = Replicas(there)
    sender = Sender(replicas, "call", ReplicaMetrics(CollectorRegistry()))  # type: ignore[arg-type]
    library = PageLibrary(there.folder, served_settings, sender, lambda: loop)
    app_state = AppState(served_settings, library=library)
    app_state.start()
    until(lambda: app_state.state.phase is not Phase.LOADING)
    sessions = Sessions()
    yield Page(app_state, library, there, replicas, sessions.get("tab"))
    app_state.close()


def test_a_question_on_the_page_is_answered_with_citations_by_a_replica(
    always_cites: None, page: Page, tmp_path: Path
) -> None:
    assert page.app_state.state.phase is Phase.READY
    assert page.app_state.state.models == page.there.who_answers()
    document = page.put(tmp_path, "asked")
    seen = [replace(one) for one in chat.ask(page.app_state, page.session, QUESTION, page.library.settings)]
    answer = seen[-1].answer
    assert answer is not None
    expected = page.there.ask([document.id], QUESTION)
    assert (answer.text, answer.citations) == (expected.text, expected.citations)
    assert answer.citations
    assert {one.document_id for one in answer.citations} == {document.id}
    assert any(one.status.startswith("Reading") for one in seen)
    assert not page.library._model.is_loaded  # the page itself has none


def test_a_document_is_read_by_a_replica(page: Page, tmp_path: Path) -> None:
    document = page.put(tmp_path, "read")
    events = list(page.library.read(document))
    assert [type(events[0]), type(events[-1])] == [Planned, Reading]
    assert document.id in page.there.held.read
    (info,) = page.library.documents()
    assert info.warm == 1


def test_what_the_page_asks_beside_questions_comes_from_a_replica(page: Page, tmp_path: Path) -> None:
    document = page.put(tmp_path, "beside")
    settings = page.library.settings
    assert page.library.wanted("List all vessels", 1, Scope.BY_QUESTION, settings) == page.there.wanted(
        "List all vessels", 1, Scope.BY_QUESTION, settings
    )
    assert page.library.can_ask_everywhere(Kind.LIST) == page.there.can_ask_everywhere(Kind.LIST)
    assert page.library.expected([document], QUESTION, Kind.COMPARISON) == page.there.expected(
        [document], QUESTION, Kind.COMPARISON
    )
    with pytest.raises(NoWriterError) as there:
        next(page.there.introduce(document))
    with pytest.raises(WholedocError, match="too small") as here:
        next(page.library.introduce(document))
    assert str(here.value) == str(there.value)


def test_errors_are_the_replicas_sentences(page: Page, tmp_path: Path) -> None:
    document = page.put(tmp_path, "errors")
    with pytest.raises(QuestionError) as there:
        next(iter(page.there.stream([document.id], " ")))
    with pytest.raises(WholedocError) as here:
        next(iter(page.library.stream([document.id], " ")))
    assert str(here.value) == str(there.value)


def test_stopping_stops_the_replica(page: Page, tmp_path: Path) -> None:
    document = page.put(tmp_path, "stopped", 1000)
    stopped = threading.Event()
    events = page.library.read(document, stopped.is_set)
    next(events)
    events.close()
    until(lambda: page.replicas.sent[-1].cancelled)
    until(lambda: not page.there.turns.busy)
    with page.there.turns.take():  # the replica waits for its model
        threading.Timer(0.5, stopped.set).start()
        with pytest.raises(Cancelled):
            list(page.library.stream([document.id], QUESTION, cancelled=stopped.is_set))
    until(lambda: page.replicas.sent[-1].cancelled)
    until(lambda: page.there.turns.waiting == 0)


def test_a_replica_that_dies_is_replaced_unless_words_were_shown(
    page: Page, tmp_path: Path, served_settings: Settings
) -> None:
    document = page.put(tmp_path, "dying")
    page.replicas._dying = page.replicas.asked + 1
    (*_, done) = chat.ask(page.app_state, page.session, QUESTION, served_settings)
    assert done.answer is not None
    page.replicas.dies_in_answer = True
    (*_, lost) = chat.ask(page.app_state, page.session, QUESTION, served_settings)
    assert "was lost: ask again" in lost.status
    assert page.library.knows(document.id)


def test_models_are_those_that_the_cluster_was_started_with(page: Page) -> None:
    before = page.library.settings
    for other in (replace(before, model="qwen2.5-0.5b"), replace(before, answer_model="qwen2.5-coder-1.5b")):
        with pytest.raises(ModelError, match="started with"):
            page.app_state.choose(other)
    assert page.app_state.running is None  # nothing is fetched
    assert page.app_state.library is page.library
    longer = replace(before, sampling=replace(before.sampling, max_new_tokens=3))
    page.app_state.choose(longer)
    assert page.app_state.library.settings == longer
    assert page.app_state.device is None
