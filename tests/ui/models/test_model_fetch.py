"""Models that are fetched in the background: the page goes on, the model is used when it is there, all is said."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from wholedoc import Library, Settings
from wholedoc.errors import ModelError, WholedocError, WriterError
from wholedoc.models import held_models, recommendation
from wholedoc.models.catalogue import QWEN_CODER_05B, QWEN_CODER_15B, SMOLLM2_135M, CatalogueModel, Role
from wholedoc.models.preparing import Cancel, Preparing, PreparingStoppedError, Progress, Step
from wholedoc.settings import Answerer
from wholedoc.storage.home import home
from wholedoc_ui.app_state import AppState, Phase
from wholedoc_ui.chat import ask
from wholedoc_ui.models.fetching import Fetch, FetchPhase
from wholedoc_ui.session import Session

from ..conftest import watched

pytestmark = pytest.mark.embedded
WRITER, SMALLER = QWEN_CODER_15B, QWEN_CODER_05B


class Source:
    """Where models come from in these tests: they arrive when `come` is called, or cannot be had."""

    def __init__(self, tiny: Path) -> None:
        self.asked: list[str] = []
        self.lacks: set[str] = set()
        self._tiny = tiny
        self._may_come = threading.Event()

    def come(self) -> None:
        self._may_come.set()

    def hold(
        self, model: CatalogueModel, models: Path, progress: Progress, cancelled: Cancel = lambda: False
    ) -> Path:
        folder = models / model.folder
        if folder.is_dir():
            return folder
        self.asked.append(model.name)
        progress(Preparing(model.name, Step.FETCHING, model.bytes // 4, model.bytes, 75.0))
        while not self._may_come.wait(0.01):
            if cancelled():
                raise PreparingStoppedError("stopped")
        if model.name in self.lacks:
            raise ModelError(f"no route to {model.name}")
        models.mkdir(parents=True, exist_ok=True)
        folder.symlink_to(self._tiny)
        return folder


@pytest.fixture
def source(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    made = Source(tiny_model)
    monkeypatch.setattr(held_models, "hold", made.hold)
    monkeypatch.setattr(recommendation, "free_bytes", lambda _: 64 * 10**9)
    return made


@pytest.fixture
def start(settings: Settings, source: Source) -> Iterator[Callable[..., AppState]]:
    """Start an app whose reader is the small model of the catalogue, which is here; wait until it can be asked."""
    made: list[AppState] = []

    def started(*, fresh: bool = False, **chosen: object) -> AppState:
        if not fresh:
            (home() / "models").mkdir(parents=True, exist_ok=True)
            (home() / "models" / SMOLLM2_135M.folder).symlink_to(source._tiny)
        app_state = AppState(replace(settings, model=None, **chosen))  # type: ignore[arg-type]
        made.append(app_state)
        app_state.start()
        if not fresh:
            until(lambda: app_state.state.phase is Phase.READY)
        return app_state

    yield started
    for one in made:
        one.close()


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def until_no_thread_fetches() -> None:
    until(lambda: not any(one.name == "fetch" for one in threading.enumerate()))


def ended(app_state: AppState) -> Fetch:
    until(lambda: app_state.running is None)
    state = app_state.state.fetch
    assert state is not None
    return state


def underway(app_state: AppState) -> Fetch:
    until(lambda: app_state.state.fetch is not None and app_state.state.fetch.progress is not None)
    state = app_state.state.fetch
    assert state is not None
    return state


def test_the_writer_comes_while_the_reader_answers_and_is_used_when_it_is_here(
    start: Callable[..., AppState], source: Source, put_in: Callable[[AppState], Session], settings: Settings
) -> None:
    app_state = start()
    state = underway(app_state)
    assert (state.phase, state.wanted.role, state.wanted.name) == (FetchPhase.RUNNING, Role.WRITER, WRITER.name)
    assert state.progress == Preparing(WRITER.name, Step.FETCHING, WRITER.bytes // 4, WRITER.bytes, 75.0)
    assert f"until it is here, {SMOLLM2_135M.name} answers" in state.message
    assert app_state.writer is None
    session = put_in(app_state)
    *_, last = ask(app_state, session, "Which vessel?", app_state.library.settings)
    assert last.answer is not None  # the conversation goes on meanwhile
    reader = app_state.library.model
    source.come()
    state = ended(app_state)
    assert (state.phase, state.progress) == (FetchPhase.DONE, None)
    app_state.stop_fetching()  # there is nothing to stop: it is put away
    assert app_state.state.fetch is None
    assert "writes the answers from now on" in state.message
    assert app_state.writer is not None
    assert app_state.writer.name == WRITER.name
    assert app_state.state.models.startswith(f"{reader.name} reads and {WRITER.name} writes")
    assert app_state.library.model is reader  # it was not loaded again
    *_, last = ask(app_state, session, "And which crates?", app_state.library.settings)
    assert last.answer is not None


def test_a_tab_that_is_opened_later_sees_the_fetch_and_its_end(
    start: Callable[..., AppState], source: Source
) -> None:
    app_state = start()
    underway(app_state)
    following = watched(app_state)
    first = next(following).fetch
    assert first is not None
    assert first.phase is FetchPhase.RUNNING
    source.come()
    last = list(following)[-1]
    assert last.phase is Phase.READY
    assert last.fetch is not None
    assert last.fetch.phase is FetchPhase.DONE


def test_a_question_that_was_begun_before_the_writer_came_is_answered(
    start: Callable[..., AppState], source: Source, put_in: Callable[[AppState], Session]
) -> None:
    """The settings and the library that a question began with go on together."""
    app_state = start(answer_model=WRITER.name)
    session = put_in(app_state)
    library = app_state.library
    settings = library.settings
    source.come()
    assert ended(app_state).phase is FetchPhase.DONE
    assert app_state.library.settings.answer_model == WRITER.name
    *_, last = ask(app_state, session, "Which vessel?", settings, library)
    assert last.answer is not None


def test_a_writer_that_is_here_is_used_from_the_start(start: Callable[..., AppState], source: Source) -> None:
    (home() / "models").mkdir(parents=True)
    (home() / "models" / WRITER.folder).symlink_to(source._tiny)
    app_state = start()
    assert app_state.state.fetch is None
    assert app_state.writer is not None
    assert f"{WRITER.name} writes" in app_state.state.models
    assert source.asked == []


@pytest.mark.parametrize("answer_model", [Answerer.READER, "http://127.0.0.1:9/v1#x"])
def test_nothing_is_fetched_for_an_answerer_that_needs_nothing(
    start: Callable[..., AppState], source: Source, answer_model: str | Answerer
) -> None:
    app_state = start(answer_model=answer_model)
    until(lambda: app_state.state.phase is Phase.READY)
    assert (app_state.state.fetch, source.asked) == (None, [])
    assert app_state.library.settings.answer_model == answer_model


def test_a_server_for_programs_fetches_only_what_it_was_told_to(
    settings: Settings, source: Source, start: Callable[..., AppState]
) -> None:
    start(answer_model=Answerer.READER)  # the reader is here
    library = Library.open(settings=replace(settings, model=None))
    beside = AppState(library.settings, library=library)
    beside.start()
    until(lambda: beside.state.phase is Phase.READY)
    assert (beside.state.fetch, source.asked) == (None, [])
    assert beside.library is library
    beside.close()


def test_a_cancelled_fetch_says_what_that_means_and_goes_on_when_it_is_chosen(
    start: Callable[..., AppState], source: Source
) -> None:
    app_state = start()
    underway(app_state)
    app_state.stop_fetching()
    state = ended(app_state)
    assert state.phase is FetchPhase.STOPPED
    assert f"{SMOLLM2_135M.name} answers as before" in state.message
    assert f"wholedoc models fetch {WRITER.name}" in state.message
    assert app_state.writer is None
    until_no_thread_fetches()
    source.come()
    app_state.choose(replace(app_state.library.settings, answer_model=WRITER.name))
    assert ended(app_state).phase is FetchPhase.DONE
    assert app_state.writer is not None


def test_a_failed_fetch_says_why(start: Callable[..., AppState], source: Source) -> None:
    app_state = start()
    source.lacks = {WRITER.name, SMALLER.name}
    source.come()
    state = ended(app_state)
    assert state.phase is FetchPhase.FAILED
    assert f"no route to {WRITER.name}" in state.message
    assert f"wholedoc models fetch {WRITER.name}" in state.message
    assert app_state.state.phase is Phase.READY
    assert app_state.writer is None


def test_the_next_smaller_writer_takes_the_place_of_one_that_cannot_be_had(
    start: Callable[..., AppState], source: Source
) -> None:
    app_state = start()
    source.lacks = {WRITER.name}
    source.come()
    state = ended(app_state)
    assert state.phase is FetchPhase.DONE
    assert f"{SMALLER.name} takes its place: no route to {WRITER.name}" in state.message
    assert app_state.writer is not None
    assert app_state.writer.name == SMALLER.name


def test_a_reader_that_is_not_here_comes_first(start: Callable[..., AppState], source: Source) -> None:
    app_state = start(fresh=True)
    state = underway(app_state)
    assert app_state.state.phase is Phase.LOADING
    assert (state.wanted.role, state.wanted.name) == (Role.READER, SMOLLM2_135M.name)
    assert source.asked == [SMOLLM2_135M.name]
    source.come()
    until(lambda: app_state.state.phase is Phase.READY)
    assert ended(app_state).wanted.role is Role.WRITER
    assert source.asked == [SMOLLM2_135M.name, WRITER.name]


def test_a_reader_that_was_cancelled_leaves_another_to_be_chosen(
    start: Callable[..., AppState], source: Source
) -> None:
    app_state = start(fresh=True)
    underway(app_state)
    app_state.stop_fetching()
    until(lambda: app_state.state.phase is Phase.FAILED)
    app_state.choose(replace(app_state.library.settings, model=str(source._tiny)))
    assert app_state.state.phase is Phase.READY


def test_another_reader_is_fetched_and_then_reads(start: Callable[..., AppState], source: Source) -> None:
    app_state = start(answer_model=Answerer.READER)
    app_state.choose(replace(app_state.library.settings, model=SMALLER.name))
    assert underway(app_state).wanted.role is Role.READER
    assert app_state.library.settings.model is None
    source.come()
    assert ended(app_state).phase is FetchPhase.DONE
    assert app_state.library.settings.model == SMALLER.name
    assert app_state.library.settings.answer_model is Answerer.READER


def test_who_is_chosen_meanwhile_is_not_replaced_by_who_arrives(
    start: Callable[..., AppState], source: Source
) -> None:
    app_state = start()
    underway(app_state)
    app_state.choose(replace(app_state.library.settings, answer_model=Answerer.READER))
    assert app_state.running is None
    source.come()
    until_no_thread_fetches()
    assert app_state.writer is None
    assert app_state.library.settings.answer_model is Answerer.READER


def test_one_thing_is_fetched_at_a_time(start: Callable[..., AppState], source: Source) -> None:
    app_state = start()
    underway(app_state)
    before = app_state.library.settings
    with pytest.raises(WholedocError, match="is on its way"):
        app_state.choose(replace(before, model=SMALLER.name))
    assert app_state.library.settings == before
    finer = replace(before, engine=replace(before.engine, chunk_tokens=64))
    app_state.choose(finer)  # what needs no fetching can be changed at any time
    assert app_state.running is not None
    source.come()
    assert ended(app_state).phase is FetchPhase.DONE
    assert app_state.library.settings == finer


def test_an_address_that_is_none_changes_nothing(start: Callable[..., AppState]) -> None:
    app_state = start(answer_model=Answerer.READER)
    library = app_state.library
    with pytest.raises(WriterError):
        app_state.choose(replace(library.settings, answer_model="http://"))
    assert app_state.library is library


def test_what_can_be_chosen_and_what_each_does(start: Callable[..., AppState], source: Source) -> None:
    app_state = start()
    underway(app_state)
    small, middle, large = app_state.offers.models
    assert [one.here.model for one in (small, middle, large)] == [SMOLLM2_135M, SMALLER, WRITER]
    assert (small.here.is_held, small.roles, small.has) == (True, (Role.READER,), {Role.READER})
    assert (middle.here.is_held, middle.roles, middle.has) == (False, (Role.READER, Role.WRITER), set())
    assert (large.has, large.comes_for) == (set(), {Role.WRITER})
    assert app_state.offers.answerer is Answerer.DEFAULT
    source.come()
    assert ended(app_state).phase is FetchPhase.DONE
    large = app_state.offers.models[-1]
    assert (large.here.is_held, large.has, large.comes_for) == (True, {Role.WRITER}, set())


@pytest.fixture
def put_in(tmp_path: Path) -> Callable[[AppState], Session]:
    """Put a text on the shelf of an app and choose it in a tab."""

    def make(app_state: AppState) -> Session:
        path = tmp_path / "log.txt"
        path.write_text("\n\n".join(f"On day {n} the vessel number {n * 7} came in with salt." for n in range(9)))
        return Session(selected=[app_state.library.parse(path).id], chose=True)

    return make
