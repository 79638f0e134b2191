"""Notes on the sections of documents, and what introduces them, kept so that neither need be written again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from ..answer import Introduction, SummarySection
from .files.kept import CLEAR, KeptFiles
from .records import restored


@dataclass(frozen=True)
class _Written:
    """What a file of notes holds."""

    written_by: str
    sections: tuple[SummarySection, ...]


@dataclass(frozen=True)
class Notes:
    """A folder with a file for each document and each way to write notes.

    `written_by` names the way: the writer's model and what it was told. Other notes are not mistaken for these.
    """

    folder: Path
    files: KeptFiles = CLEAR

    def get(self, document_id: str, written_by: str) -> list[SummarySection]:
        """Return the notes on a document's sections; none if the file is missing or damaged."""
        try:
            content = json.loads(self.files.read_text(self._path(document_id, written_by)))
            return list(restored(_Written, content).sections)
        except (FileNotFoundError, ValueError, RecursionError):
            return []

    def put(self, document_id: str, written_by: str, sections: Sequence[SummarySection]) -> None:
        """Keep notes in place of those that were there. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(_Written(written_by, tuple(sections))), ensure_ascii=False)
        self.files.write(self._path(document_id, written_by), text.encode())

    def introduction(self, document_id: str) -> Introduction | None:
        """Return what introduces a document, whoever wrote it; None if nobody did, or the file is damaged."""
        try:
            content = json.loads(self.files.read_text(self._introduction_path(document_id)))
            return restored(Introduction, content)
        except (FileNotFoundError, ValueError, RecursionError):
            return None

    def introduce(self, introduction: Introduction) -> None:
        """Keep what introduces a document in place of what was there. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(introduction), ensure_ascii=False)
        self.files.write(self._introduction_path(introduction.document_id), text.encode())

    def remove(self, document_id: str) -> None:
        """Forget the notes on a document and what introduces it, whoever wrote them."""
        for path in self.folder.glob(f"{document_id}.*.json"):
            path.unlink(missing_ok=True)

    def leftovers(self, known: Iterable[str]) -> list[Path]:
        """Return the files of documents that are not among these."""
        ids = set(known)
        return [path for path in self.folder.glob("*.json") if path.name.split(".")[0] not in ids]

    def _introduction_path(self, document_id: str) -> Path:
        return self.folder / f"{document_id}.introduction.json"

    def _path(self, document_id: str, written_by: str) -> Path:
        return self.folder / f"{document_id}.{sha256(written_by.encode()).hexdigest()[:16]}.json"
