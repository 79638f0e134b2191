"""Fixtures of the browser app's tests: an app state with a model of random weights, tabs, and files to drop."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from parallelcomp import EngineConfig, KVPrecision, Sampling
from wholedoc import AnswerFrom, Document, Library, Settings
from wholedoc_ui.app_state import AppState, ModelState
from wholedoc_ui.session import Session, Sessions

from ..conftest import hold_embedded_model, read_notice
from .browser import CHUNKS, Browser, Server, Tab, a_tab, chromium

SAMPLES = Path(__file__).parents[2] / "sample_docs"
NOTICE = SAMPLES / "short_notice.pdf"
PASSWORD = "lighthouse"  # of encrypted.pdf
PARAGRAPHS = [
    f"Entry {n}. On day {n % 28 + 1} the vessel number {n * 7} came in with {n * 13} crates of salt and left again."
    for n in range(40)
]

Drop = Callable[..., str]
Put = Callable[..., Document]


@pytest.fixture
def settings(tiny_model: Path) -> Settings:
    """One chunk a pass, so that every chunk is an event; answers that the model writes freely, without quotes."""
    return Settings(
        model=str(tiny_model),
        dtype=torch.float32,
        engine=EngineConfig(chunk_tokens=128, precision=KVPrecision.BF16, prefill_batch=1, score_batch=1),
        sampling=Sampling(max_new_tokens=6),
        found_margin=-1e9,
        answer_from=AnswerFrom.PASSAGES,
    )


@pytest.fixture(scope="session")
def loaded(tiny_model: Path) -> Library:
    """A library whose model is loaded. Other libraries of the tests share the model."""
    library = Library.open(tiny_model.parent / "unused", Settings(model=str(tiny_model), dtype=torch.float32))
    _ = library.model
    return library


@pytest.fixture
def app_state(settings: Settings, loaded: Library) -> Iterator[AppState]:
    """The state of an app with an empty library, whose model is loaded already."""
    made = AppState(settings)
    made.library._model = loaded._model
    yield made
    made.close()


def watched(app_state: AppState) -> Iterator[ModelState]:
    """Yield the state now and whenever it changes, until it does not go on by itself."""
    seen: ModelState | None = None
    while seen is None or seen.goes_on:
        if (now := app_state.state) != seen:
            seen = now
            yield seen
        time.sleep(0.01)


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


@pytest.fixture
def session(sessions: Sessions) -> Session:
    return sessions.get("this tab")


@pytest.fixture
def other(sessions: Sessions) -> Session:
    return sessions.get("another tab")


@pytest.fixture
def drop(app_state: AppState) -> Drop:
    """Write bytes, a text or a copy of a file where the web server puts dropped files; return the path."""

    def make(name: str, content: bytes | str | Path) -> str:
        folder = Path(tempfile.mkdtemp(prefix="upload-", dir=app_state.uploads.folder))
        data = content.read_bytes() if isinstance(content, Path) else content
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        return str(folder / name)

    return make


@pytest.fixture
def put(app_state: AppState, tmp_path: Path) -> Put:
    """Parse a text into the library. It is read when it is asked."""

    def make(name: str, paragraphs: list[str] = PARAGRAPHS) -> Document:
        path = tmp_path / name
        path.write_text("\n\n".join(paragraphs), encoding="utf-8")
        return app_state.library.parse(path)

    return make


@pytest.fixture(scope="session")
def model_library(embedded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library for servers to begin with: it has the embedded model alone."""
    folder = tmp_path_factory.mktemp("model") / "library"
    hold_embedded_model(folder, embedded_folder)
    return folder


@pytest.fixture(scope="session")
def notice_library(embedded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, and the notice is read there in chunks of the length that the servers have, so that none waits."""
    folder = tmp_path_factory.mktemp("notice") / "library"
    read_notice(folder, embedded_folder, Settings(engine=EngineConfig(chunk_tokens=int(CHUNKS[1]))))
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser, for all tests of a file."""
    with chromium() as running:
        yield running


@pytest.fixture
def tab(browser: Browser, server: Server) -> Iterator[Tab]:
    """A tab of the server that a file of tests starts, with the short notice chosen."""
    with a_tab(browser, server) as opened:
        opened.use(NOTICE)
        yield opened
