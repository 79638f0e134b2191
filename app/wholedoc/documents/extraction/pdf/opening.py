"""Why a reader cannot open a PDF, and the repair of one whose end is missing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

_TAIL_BYTES = 2048
_OBJECT = re.compile(rb"(\d{1,10})\s+(\d{1,5})\s+obj\b")
_CATALOG = re.compile(rb"/Type\s*/Catalog\b")
_ENCRYPTION = re.compile(rb"/Filter\s*/Standard\b")
_DICTIONARY_BEFORE = 4096  # how far before "/Type /Catalog" its object may begin


class Obstacle(Enum):
    """What keeps a PDF from being opened. The earlier member says more to a person."""

    PASSWORD = auto()
    ENCRYPTION = auto()
    DAMAGE = auto()


@dataclass(frozen=True)
class Refusal:
    """A reader could not open the file; `detail` is what it said."""

    obstacle: Obstacle
    detail: str


def is_cut_off(data: bytes) -> bool:
    """Return whether the end of the file is missing: a whole PDF has the mark `%%EOF` there."""
    return b"%%EOF" not in data[-_TAIL_BYTES:]


def with_new_trailer(data: bytes) -> bytes | None:
    """Return `data` up to its last whole object, with a new trailer that names its catalogue.

    pdfium and pypdf find objects without the table at the end of the file, but not the catalogue. Returns None for
    a file without a catalogue, and for an encrypted one, whose key was in its trailer.
    """
    end = data.rfind(b"endobj")
    marks = list(_CATALOG.finditer(data, 0, max(end, 0)))
    if not marks or _ENCRYPTION.search(data):
        return None
    start = max(marks[-1].start() - _DICTIONARY_BEFORE, 0)
    objects = _OBJECT.findall(data, start, marks[-1].start())
    if not objects:
        return None
    number, generation = objects[-1]
    trailer = b"\ntrailer\n<< /Root %s %s R /Size 1 >>\nstartxref\n0\n%%%%EOF\n" % (number, generation)
    return data[:end] + b"endobj\nxref\n0 1\n0000000000 65535 f \n" + trailer
