"""A model's retrieval heads: known from the catalogue or from before, or found while others ask."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, TypeVar, cast

from parallelcomp import Engine, HeadsError, ParallelCompError, RetrievalHeads
from parallelcomp.retrieval import heads as head_files
from parallelcomp.retrieval.heads import find_heads

from ..errors import WholedocError
from ..models.retrieval import shipped
from ..models.retrieval.sample import head_sample
from ..models.text_model import TextModel
from ..runtime.client import Client
from ..runtime.turns import Errand, Turns
from ..storage.folder import LibraryFolder

Cancel = Callable[[], bool]
R = TypeVar("R")
# The client that takes turns with those who ask, while retrieval heads are looked for.
FINDER = Client(user="the finder of retrieval heads")


class HeadFinder:
    """Knows the retrieval heads of a model, or finds them. `model` and `engine` load it when that is needed."""

    def __init__(
        self,
        model: Callable[[], TextModel],
        engine: Callable[[], Engine],
        folder: LibraryFolder,
        turns: Turns,
        notify: Callable[[str], None],
    ) -> None:
        self._model, self._engine = model, engine
        self._folder, self._turns, self._notify = folder, turns, notify
        self._known: RetrievalHeads | None = None
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._told = False

    @property
    def file(self) -> Path:
        """Where the heads are kept, beside the models; those of the catalogue's models are known without."""
        return self._folder.path / "models" / f"retrieval-heads-{self._model().loaded.spec.fingerprint}.json"

    def known(self) -> RetrievalHeads | None:
        """Return the model's retrieval heads, None if they are not known yet."""
        if self._known is None:
            self._known = shipped.heads_of(self._model().loaded.spec.fingerprint)
        if self._known is None and self.file.exists():
            try:
                self._known = head_files.read(self.file)
            except HeadsError as error:
                self._notify(str(error))
        return self._known

    def known_or_told(self) -> RetrievalHeads | None:
        """Return the same; where they are not known, people are told once what finds them."""
        heads = self.known()
        if heads is None and not self._told:
            self._told = True
            self._notify(
                "every part of a document is scored, since it is not known yet which heads of "
                f"{self._model().name} show where a question looks: `wholedoc retrieval-heads` finds them, with "
                "the same --model"
            )
        return heads

    def finding(self, cancelled: Cancel | None = None) -> Generator[float, None, RetrievalHeads]:
        """Find the heads on a sample that comes with the program, in turns with questions.

        Yields which share is done, from 0 to 1, and keeps the heads. Raises LibraryError if they cannot be kept,
        and Cancelled.
        """
        model, engine = self._model(), self._engine()
        room = (engine.spec.window - len(engine.prefix)) // 2  # the other half is for the question
        sample = head_sample(model.tokenizer, model.prompt, room)
        work = find_heads(model.loaded, engine.prefix, sample, cancelled)
        found: RetrievalHeads = yield from self._turns.steps(work, cancelled, FINDER, Errand.READING)
        with self._folder.writing():
            self.file.parent.mkdir(parents=True, exist_ok=True)
            head_files.save(found, self.file)
        self._known = found
        return found

    def find_in_background(self) -> threading.Thread | None:
        """Find the heads in a thread if they are not known; until then every chunk is scored.

        Nobody is told then that they are not known. Returns the thread, None if there is nothing to find. It loads
        the model if nothing has, and ends with the program.
        """
        if self._known is not None:
            return None
        with self._starting:
            if self._thread is None:
                self._told = True
                self._thread = threading.Thread(target=self._find, name="retrieval heads", daemon=True)
                self._thread.start()
            return self._thread

    def _find(self) -> None:
        try:
            if self.known() is not None:
                return
            with self._folder.leases.take(self.file.stem) as mine:
                if mine:  # else another process finds them, and keeps them where this one looks
                    drained(self.finding())
        except (WholedocError, ParallelCompError, ValueError, OSError) as error:
            self._notify(f"every chunk is scored, since the model's retrieval heads could not be found: {error}")


def drained(work: Generator[Any, None, R]) -> R:
    """Run a generator to its end, and return what it returns."""
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return cast("R", stop.value)
