"""A model that is loaded when it is first needed."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..settings import Settings
from .catalogue import Role
from .text_model import TextModel, open_model


class LazyModel:
    """The model that some settings name, loaded on first use and shared by all who hold this object.

    `notify` is told what happens while a model is fetched. Threads may share one object: one of them loads, the
    others wait.
    """

    def __init__(
        self,
        settings: Settings,
        notify: Callable[[str], None] = lambda _: None,
        loaded: TextModel | None = None,
        role: Role = Role.READER,
    ) -> None:
        self._settings = settings
        self._notify = notify
        self._role = role
        self._lock = threading.Lock()
        self._loaded = loaded

    @property
    def is_loaded(self) -> bool:
        """True once the model is in memory."""
        return self._loaded is not None

    def get(self) -> TextModel:
        """The model. The first call loads it, which takes seconds. Raises ModelError."""
        with self._lock:
            if self._loaded is None:
                chosen = self._settings
                self._loaded = open_model(
                    chosen.model,
                    device=chosen.device,
                    dtype=chosen.dtype,
                    weights=chosen.weights,
                    decode_weights=chosen.decode_weights,
                    role=self._role,
                    notify=self._notify,
                )
            return self._loaded

    def unload(self) -> None:
        """Give the model's memory back, as far as nobody else holds it. The next `get` loads it again."""
        with self._lock:
            self._loaded = None
