"""The model that the server serves: its name, and whether it is loaded."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from enum import Enum
from pathlib import Path

from ..errors import explain
from ..library import Library
from ..models import embedded_model
from .protocol.errors import ApiError
from .protocol.requests import EVERYWHERE_MODEL, SHELF_MODEL
from .protocol.responses import ModelObject

log = logging.getLogger(__name__)
# Names that a client may use if it does not know the model's own.
ALIASES = ("", "wholedoc", EVERYWHERE_MODEL, SHELF_MODEL)


class Phase(Enum):
    """How far loading has come."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class ServedModel:
    """A library's model, loaded in the background."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._requested = library.settings.model or embedded_model.NAME
        self._created = int(time.time())
        self._load_ended = threading.Event()
        self._error: Exception | None = None

    @property
    def name(self) -> str:
        """The model's name as it was given on the command line; for a folder, only its last part."""
        folder = Path(self._requested)
        return folder.resolve().name if folder.is_dir() else self._requested

    @property
    def phase(self) -> Phase:
        if not self._load_ended.is_set():
            return Phase.LOADING
        return Phase.FAILED if self._error else Phase.READY

    def load(self) -> None:
        """Start loading the model in a thread."""
        threading.Thread(target=self._load, name="wholedoc-load", daemon=True).start()

    async def wait_loaded(self) -> None:
        """Wait until the model is loaded. Raises ApiError 503 if loading failed."""
        while not self._load_ended.is_set():
            await asyncio.sleep(0.05)
        if self._error is not None:
            raise ApiError(503, "the model cannot be loaded: the server's terminal says why", "model_unavailable")

    def check(self, name: str) -> None:
        """Raises ApiError 404 if `name` is not one of this model's names."""
        if name not in (*ALIASES, self.name, self._requested):
            raise ApiError(
                404, f"there is no model '{name[:200]}' here: this is '{self.name}'", "model_not_found", "model"
            )

    def describe(self) -> ModelObject:
        """Returns what /v1/models says about the model."""
        window = self._library.engine.plan(0).longest_document if self.phase is Phase.READY else None
        return ModelObject(id=self.name, created=self._created, context_window=window)

    def _load(self) -> None:
        try:
            _ = self._library.engine
        except Exception as error:
            self._error = error
            log.error("%s", explain(error) or "the model could not be loaded", exc_info=explain(error) is None)
        finally:
            self._load_ended.set()
