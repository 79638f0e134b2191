"""The shelf as one user sees it, where a server has several.

Equal files are one document, read once, whoever uploads them. A user must not learn from it that somebody else has
the same file: a file that is on none of their shelves is not there for them, and one that is has the name and the
time that they gave it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..answer import Answer, Done, Event, Everywhere, Reading
from ..documents.document import Document
from ..documents.extraction import WebSource
from ..documents.recognition import Recognition
from ..errors import ShelfQuotaError, storage_error
from ..storage.people.shelves import Placed, Shelves, shared_shelf, shelves_of
from ..storage.people.users import User
from ..storage.shelf import Shelf, file_id
from .protocol.errors import ApiError


class UserShelf(Shelf):
    """A user's own shelf and those that they share. What they upload goes to the one named `target`."""

    def __init__(self, shelf: Shelf, shelves: Shelves, user: User, target: str | None = None) -> None:
        super().__init__(shelf.folder)
        self.extractions = shelf.extractions
        self._shelf = shelf
        self._shelves = shelves
        self._user = user
        self._seen = shelves_of(user)
        self._target = self._seen[0]
        if target is not None:
            if target not in user.shelves:
                raise ApiError(400, f"you share no shelf called '{target[:80]}'", "invalid_value", "shelf")
            self._target = shared_shelf(target)

    def known(self, id: str) -> Document | None:
        document = self.folder.known(id) if self._shelves.holds(self._seen, id) else None
        return document and replace(document, name=self._shelves.name(self._seen, id) or document.name)

    def ids(self) -> list[str]:
        return self._shelves.ids(self._seen)

    def created(self, id: str) -> float:
        return self._shelves.created(self._seen, id)

    @property
    def user(self) -> str:
        return self._user.name

    @property
    def among(self) -> tuple[str, ...] | None:
        return tuple(self.ids())

    def parse(
        self,
        path: Path | str,
        password: str | None = None,
        recognition: Recognition | None = None,
        source: WebSource | None = None,
    ) -> Document:
        """Extract a file's text and put it on the target. Raises ShelfQuotaError, and what a shelf raises."""
        path = Path(path)
        most = self.folder.users.quota(self.user).bytes
        placed = Placed(path.name.encode(errors="replace").decode(), self.user, _size(path))
        if most is not None and path.is_file():
            self._shelves.check(self._target, file_id(path), placed, most)  # before it is taken apart
        document = self._shelf.parse(path, password, recognition, source)
        try:
            self._shelves.add(self._target, document.id, placed, most)
        except OSError as error:
            raise storage_error(self.folder.path, error) from error
        except ShelfQuotaError:  # another file of the same user came meanwhile
            if not self._shelves.is_anywhere(document.id):
                self._shelf.remove(document.id)
            raise
        return self.known(document.id) or document

    def remove(self, id: str) -> Document:
        """Take a document from the shelves that the user sees. It is deleted once it is on nobody's.

        Raises ApiError 404 and LibraryError.
        """
        document = self.known(id)
        if document is None:
            raise ApiError(404, f"there is no file '{id[:80]}'", "file_not_found")
        self._shelves.remove(self._seen, id)
        if not self._shelves.is_anywhere(id):
            self._shelf.remove(id)
        return document

    def shown(self, event: Event) -> Event:
        """Return an event as the user may see it: under their names, and without what others had read before."""
        if isinstance(event, Reading):
            return replace(event, cached_tokens=0)
        return Done(self._answer(event.answer)) if isinstance(event, Done) else event

    def _answer(self, answer: Answer) -> Answer:
        return replace(
            answer,
            citations=tuple(
                replace(one, document=self._name(one.document_id, one.document)) for one in answer.citations
            ),
            usage=replace(answer.usage, cached_tokens=0),
            everywhere=answer.everywhere and self._everywhere(answer.everywhere),
        )

    def _everywhere(self, found: Everywhere) -> Everywhere:
        return replace(
            found,
            items=tuple(replace(one, document=self._name(one.document_id, one.document)) for one in found.items),
            sections=tuple(
                replace(one, document=self._name(one.document_id, one.document)) for one in found.sections
            ),
        )

    def _name(self, id: str, name: str) -> str:
        return self._shelves.name(self._seen, id) or name


def _size(path: Path) -> int:
    """Return the size of a file in bytes; 0 if it is none, which parsing says."""
    return path.stat().st_size if path.is_file() else 0


def shown(event: Event, shelf: Shelf) -> Event:
    """Return an event as whoever sees this shelf may see it."""
    return shelf.shown(event) if isinstance(shelf, UserShelf) else event
