"""The app state: it starts in the background, reports progress, changes its model or nothing, and cleans up."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from parallelcomp import KVPrecision, WindowError
from wholedoc import Answer, Settings, Timings, Usage
from wholedoc.errors import LibraryError, ModelError
from wholedoc.runtime import courtesy
from wholedoc_ui.app_state import AppState, ModelState, Phase, sentence
from wholedoc_ui.cost import cost_of, memory_in_use

from .conftest import NOTICE, PARAGRAPHS, Put, watched

pytestmark = pytest.mark.embedded


def started(app_state: AppState, *files: Path) -> list[ModelState]:
    app_state.start(files)
    return list(watched(app_state))


def test_an_app_begins_by_loading(settings: Settings) -> None:
    app_state = AppState(settings)
    assert (app_state.state.phase, app_state.state.message) == (Phase.LOADING, "Loading the model…")
    app_state.close()


def test_a_start_ends_ready_and_says_with_what(app_state: AppState, settings: Settings) -> None:
    last = started(app_state)[-1]
    assert last.phase is Phase.READY
    assert last.message == "Ready"
    assert last.models == f"{app_state.library.model.name} on {app_state.library.engine.spec.device}, float32"
    assert list(watched(app_state)) == [last]  # a tab that comes later gets the last state only


def test_files_of_the_start_are_read(app_state: AppState, tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("\n\n".join(PARAGRAPHS))
    states = started(app_state, NOTICE, path)
    assert states[-1].phase is Phase.READY
    phases = list(dict.fromkeys(state.phase for state in states))
    assert phases in (
        [Phase.LOADING, Phase.READING, Phase.READY],
        [Phase.LOADING, Phase.READY],
    )  # reading may be too quick to be seen
    for state in states:
        if state.reading:
            assert state.message == f"Reading {state.reading.document}"
    assert [(info.name, info.warm) for info in app_state.library.documents()] == [(NOTICE.name, 1), ("log.txt", 1)]
    assert NOTICE.exists()  # files of the command line are copied, not moved


def test_a_file_that_cannot_be_read_is_said_so(app_state: AppState, tmp_path: Path) -> None:
    path = tmp_path / "damaged.pdf"
    path.write_bytes(b"%PDF-1.7\nand nothing else")
    assert started(app_state, path)[-1].phase is Phase.READY
    (notice,) = app_state.take_notices()
    assert "damaged.pdf" in notice


def test_a_file_that_cannot_be_read_does_not_keep_the_others_from_it(app_state: AppState, tmp_path: Path) -> None:
    path = tmp_path / "damaged.pdf"
    path.write_bytes(b"%PDF-1.7\nand nothing else")
    started(app_state, path, NOTICE)
    assert [(info.name, info.warm) for info in app_state.library.documents()] == [(NOTICE.name, 1)]


def test_a_model_that_is_not_there_is_said_so(settings: Settings, tmp_path: Path) -> None:
    app_state = AppState(replace(settings, model=str(tmp_path / "nowhere")))
    last = started(app_state)[-1]
    app_state.close()
    assert last.phase is Phase.FAILED
    assert "nowhere" in last.message
    assert "unexpected" not in last.message


def test_the_library_has_to_be_usable(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(LibraryError):
        AppState(settings, tmp_path / "file" / "library")


def test_other_reading_settings_count_for_everything_from_now_on(
    app_state: AppState, settings: Settings, put: Put
) -> None:
    document = put("log.txt")
    assert started(app_state)[-1].phase is Phase.READY
    model = app_state.library.model
    list(app_state.library.read(document))
    finer = replace(settings, engine=replace(settings.engine, chunk_tokens=64, precision=KVPrecision.INT8))
    app_state.change(finer)
    assert app_state.library.settings == finer
    assert app_state.library.model is model
    assert app_state.state.phase is Phase.READY
    planned = next(app_state.library.read(document))
    assert planned.cached_tokens == 0
    assert app_state.library.documents()[0].name == "log.txt"


def test_what_the_engine_refuses_changes_nothing(app_state: AppState, settings: Settings) -> None:
    """The tiny model's window is half as long as the chunks that are asked for."""
    before = started(app_state)[-1]
    library = app_state.library
    with pytest.raises(WindowError) as refused:
        app_state.change(replace(settings, engine=replace(settings.engine, chunk_tokens=4096)))
    assert sentence(refused.value) == str(refused.value)
    assert (app_state.library, app_state.state) == (library, before)


def test_a_model_that_is_refused_changes_nothing(app_state: AppState, settings: Settings, tmp_path: Path) -> None:
    before = started(app_state)[-1]
    library = app_state.library
    with pytest.raises(ModelError):
        app_state.change(replace(settings, model=str(tmp_path / "nowhere")))
    assert (app_state.library, app_state.state) == (library, before)
    app_state.change(settings)  # and the next change goes as before


def test_what_the_library_has_to_say_is_told_once(app_state: AppState, settings: Settings, put: Put) -> None:
    one, two = put("one.txt", PARAGRAPHS[:20]), put("two.txt", PARAGRAPHS[20:])
    started(app_state)
    list(app_state.library.read(one))
    assert app_state.take_notices() == []
    size = app_state.library.documents()[0].bytes
    app_state.change(replace(settings, library_bytes=int(size * 1.5)))
    list(app_state.library.read(two))
    (notice,) = app_state.take_notices()
    assert "one.txt" in notice
    assert "full" in notice
    assert app_state.take_notices() == []


def test_what_is_said_while_the_model_loads_is_the_status(settings: Settings) -> None:
    """Fetching a model takes long and reports its progress."""
    told = AppState(settings)
    told.library._notify("Fetching 12 of 250 MB")
    assert told.state == ModelState(Phase.LOADING, "Fetching 12 of 250 MB")
    assert told.take_notices() == []
    told.close()


def test_files_on_their_way_in_are_private_and_go_in_the_end(settings: Settings) -> None:
    one, two = AppState(settings), AppState(settings)
    assert one.uploads.folder != two.uploads.folder
    assert one.uploads.folder.stat().st_mode & 0o077 == 0
    (one.uploads.folder / "a.pdf").write_bytes(b"%PDF")
    one.close()
    assert not one.uploads.folder.exists()
    assert two.uploads.folder.exists()
    two.close()
    two.close()


def test_an_expected_error_is_its_own_sentence(caplog: pytest.LogCaptureFixture) -> None:
    assert sentence(ModelError("no such model")) == "no such model"
    assert [one for one in caplog.records if one.name.startswith("wholedoc")] == []


def test_an_unexpected_error_is_named_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    said = sentence(ZeroDivisionError("by zero"))
    assert "unexpected" in said
    assert "ZeroDivisionError: by zero" in said
    assert "ZeroDivisionError" in caplog.text


def test_the_cost_of_an_answer_is_what_it_took() -> None:
    usage, timings = Usage(5000, 3800, 800, 12, 21), Timings(0.5, 1.0, 3.0)
    spent = cost_of(Answer("?", "!", True, (), (), (), usage, timings), memory_in_use(torch.device("cpu")))
    assert (spent.tokens_read, spent.tokens_cached, spent.tokens_document) == (1200, 3800, 5000)
    assert (spent.tokens_kept, spent.tokens_answered) == (800, 21)
    assert (spent.first_token_s, spent.total_s, spent.device) == (1.0, 3.0, "cpu")
    assert spent.tokens_per_second == 10
    assert 10_000_000 < spent.memory_bytes < 100_000_000_000
    assert replace(spent, tokens_answered=1).tokens_per_second is None
    assert replace(spent, total_s=1.0).tokens_per_second is None


def test_a_reading_steps_aside_only_where_the_page_needs_its_processor(
    app_state: AppState, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(app_state)
    taken: list[bool] = []
    monkeypatch.setattr(courtesy, "LONGEST_S", 600.0)

    def step() -> None:
        app_state.courtesy.step_aside()
        taken.append(True)

    for device, steps in (("cpu", 0), ("cuda", 1)):
        monkeypatch.setattr(AppState, "device", property(lambda _, name=device: torch.device(name)))
        with app_state.courtesy.first(0.0):
            reading = threading.Thread(target=step)
            reading.start()
            reading.join(0.3 if steps == 0 else 20.0)
            assert len(taken) == steps
        reading.join()
        taken.clear()
