"""The model that the server serves: its name, and whether it is loaded."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from abc import ABC, abstractmethod
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import explain
from ..models import embedded_model
from ..settings import Settings
from .protocol.errors import ApiError
from .protocol.requests import EVERYWHERE_MODEL, SHELF_MODEL
from .protocol.responses import ModelObject

if TYPE_CHECKING:
    from ..library import Library

log = logging.getLogger(__name__)
# Names that a client may use if it does not know the model's own.
ALIASES = ("", "wholedoc", EVERYWHERE_MODEL, SHELF_MODEL)
# How often a request that waits for the model looks whether it is there, in seconds.
POLL_S = 0.05


class Phase(Enum):
    """How far loading has come."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class ServedModel(ABC):
    """The model by which requests are answered, wherever it is loaded."""

    def __init__(self, settings: Settings) -> None:
        self._requested = settings.model or embedded_model.NAME
        self._created = int(time.time())

    @property
    def name(self) -> str:
        """The model's name as it was given on the command line; for a folder, only its last part."""
        folder = Path(self._requested)
        return folder.resolve().name if folder.is_dir() else self._requested

    @property
    @abstractmethod
    def phase(self) -> Phase: ...

    @property
    @abstractmethod
    def longest_document(self) -> int | None:
        """The longest document that fits in memory, in tokens; None until the model is loaded."""

    @abstractmethod
    def load(self) -> None:
        """Start loading the model, and come back at once."""

    async def wait_loaded(self) -> None:
        """Wait until the model is loaded. Raises ApiError 503 if loading failed."""
        while self.phase is Phase.LOADING:
            await asyncio.sleep(POLL_S)
        if self.phase is Phase.FAILED:
            raise ApiError(503, "the model cannot be loaded: the server's terminal says why", "model_unavailable")

    def check(self, name: str) -> None:
        """Raises ApiError 404 if `name` is not one of this model's names."""
        if name not in (*ALIASES, self.name, self._requested):
            raise ApiError(
                404, f"there is no model '{name[:200]}' here: this is '{self.name}'", "model_not_found", "model"
            )

    def describe(self) -> ModelObject:
        """Returns what /v1/models says about the model."""
        return ModelObject(id=self.name, created=self._created, context_window=self.longest_document)


class LoadedModel(ServedModel):
    """A library's model, loaded in the background."""

    def __init__(self, library: Library) -> None:
        super().__init__(library.settings)
        self._library = library
        self._load_ended = threading.Event()
        self._error: Exception | None = None

    @property
    def phase(self) -> Phase:
        if not self._load_ended.is_set():
            return Phase.LOADING
        return Phase.FAILED if self._error else Phase.READY

    @property
    def longest_document(self) -> int | None:
        return self._library.engine.plan(0).longest_document if self.phase is Phase.READY else None

    def load(self) -> None:
        threading.Thread(target=self._load, name="wholedoc-load", daemon=True).start()

    def _load(self) -> None:
        try:
            _ = self._library.engine
        except Exception as error:
            self._error = error
            log.error("%s", explain(error) or "the model could not be loaded", exc_info=explain(error) is None)
        finally:
            self._load_ended.set()
