"""Shared fixtures: nothing here touches the user's home, and models are tiny and made on the spot."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from wholedoc.runtime.openmp import wait_asleep

# Before torch is imported: tests run beside each other, and their threads would spin against each other. It is not
# imported here, as the process that hands out the tests has no use for it.
wait_asleep()
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

if TYPE_CHECKING:
    from wholedoc import Settings

# How fast examples are made and run depends on what else the machine does.
hypothesis.settings.register_profile(
    "shared machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("shared machine")

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache"
NOTICE = ROOT / "sample_docs" / "short_notice.pdf"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, wherever the tests are started from."""
    from .scheduling import place

    items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The processes of `make test` take files in that order, and some files together."""
    from .scheduling import Scheduling

    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has a home and a library of its own, a clean random state, and no package index.

    The browser app fetches a writer by itself where there is none.
    """
    import torch

    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("WHOLEDOC_HOME", str(tmp_path / "library"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def embedded_folder() -> Path:
    """The converted embedded model, made once a machine and kept outside of every test's own home."""
    from wholedoc.models.embedded_model import embedded_model

    return embedded_model(Path(os.environ.get("WHOLEDOC_TEST_CACHE", CACHE)) / "models")


@pytest.fixture(autouse=True, scope="session")
def _weights_are_loaded_once() -> Iterator[None]:
    """Libraries of one process share the weights of models that they open alike; nobody writes to weights.

    Each gets a model of its own around them, so that one which was opened again is told from one which was kept.
    """
    from wholedoc.models import embedded_model, lazy_model
    from wholedoc.models.text_model import TextModel, open_model
    from wholedoc.storage.home import home

    opened = cache(open_model)

    def shared(name: str | None = None, *, notify: embedded_model.Notify, **rest: Any) -> TextModel:
        source = name or str(embedded_model.embedded_model(home() / "models", notify).resolve())
        return replace(opened(source, **rest), name=name or embedded_model.NAME)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lazy_model, "open_model", shared)
        yield


@pytest.fixture
def with_embedded_model(embedded_folder: Path) -> None:
    """The test's own library already holds the embedded model."""
    from wholedoc.storage.home import home

    hold_embedded_model(home(), embedded_folder)


def hold_embedded_model(library: Path, embedded_folder: Path) -> None:
    """Put the embedded model where a library looks for it."""
    (library / "models").mkdir(parents=True)
    (library / "models" / embedded_folder.name).symlink_to(embedded_folder)


@pytest.fixture(scope="session")
def _notice_library(embedded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library in which the embedded model has read the notice. To be copied, not to be used."""
    folder = tmp_path_factory.mktemp("notice") / "library"
    read_notice(folder, embedded_folder)
    return folder


def read_notice(library: Path, embedded_folder: Path, settings: Settings | None = None) -> None:
    """Make a library that holds the embedded model, and the notice as that has read it."""
    from wholedoc import Library

    hold_embedded_model(library, embedded_folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHOLEDOC_HOME", str(library))
        patch.setenv("HF_HUB_OFFLINE", "1")
        Library.open(settings=settings).add(NOTICE)


@pytest.fixture
def with_notice_read(_notice_library: Path) -> None:
    """The test's own library already holds the embedded model, and the notice as that has read it."""
    from wholedoc.storage.home import home

    shutil.copytree(_notice_library, home(), symlinks=True)


@pytest.fixture(scope="session")
def tiny_model(embedded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of random weights with a real tokenizer: reads thousands of tokens a second, answers nonsense."""
    from benchmarks.random_model import write_random_model

    folder = tmp_path_factory.mktemp("tiny-model")
    write_random_model(folder, embedded_folder)
    return folder


@pytest.fixture(scope="session")
def roomy_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a window that has room for chunks of the default length."""
    folder = tmp_path_factory.mktemp("roomy") / "tiny-model"
    shutil.copytree(tiny_model, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "max_position_embeddings": 4096}))
    return folder
