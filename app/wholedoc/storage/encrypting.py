"""A library in the clear becomes an encrypted one: its files are sealed in place, one after the other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..errors import EncryptionError
from .files.atomic import TEMPORARY
from .files.kept import KeptFiles
from .files.sealing import KEY_FILE_VARIABLE, KEY_VARIABLE, DamagedFileError, Seal
from .format import Format, Sealing

# The folders of a library whose files hold something of documents and conversations.
SEALED = ("documents", "files", "texts", "readings", "kv", "notes", "conversations", "watched", "jobs", "shelves")
# Those whose files are written once, and may be in an object store.
DOCUMENTS = ("documents", "files", "texts")
# What holds nothing of them: locks, that a job was cancelled, and that a chunk is in an object store.
_EMPTY = (".lock", ".cancelled", ".stored")


def encrypt(library: Path, seal: Seal | None, documents: KeptFiles) -> int:
    """Seal every file of a library that is not sealed yet, and return how many these were.

    `documents` are the files of `DOCUMENTS`, whose content may be elsewhere.

    Raises EncryptionError if there is no key, or the library is encrypted with another, LibraryError, and OSError.
    """
    if seal is None:
        raise EncryptionError(
            f"there is no key to encrypt with: `openssl rand -base64 32` makes one; put it into {KEY_VARIABLE}, or "
            f"into a file that {KEY_FILE_VARIABLE} names, and keep a copy where the library is not, since without "
            "it everything is lost"
        )
    found = Format.read(library) or Format()
    if found.sealing is Sealing.NONE:
        # First, so that nobody without the key takes what is sealed by then for damaged.
        found = Format.sealed_by(seal, Sealing.BEGUN)
        found.write(library)
    found.check_seal(library, seal)
    others = KeptFiles(seal)
    sealed = sum(_seal(path, documents if kind in DOCUMENTS else others) for kind, path in _files(library))
    replace(found, sealing=Sealing.WHOLE).write(library)
    return sealed


def _seal(path: Path, files: KeptFiles) -> bool:
    """Seal a file, and return whether it was not sealed before.

    It is replaced whole, and keeps its times, which say when a document was used last. A temporary file that a
    killed writer left is removed, since it is in the clear. So is what is damaged, which nobody can read.
    """
    if path.name.startswith(TEMPORARY):
        path.unlink(missing_ok=True)
        return False
    try:
        if files.is_sealed(path):
            return False
        times = path.stat()
        files.write(path, replace(files, seal=None).read(path))
    except FileNotFoundError:
        return False
    except DamagedFileError:
        files.remove(path)
        return False
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return True


def _files(library: Path) -> Iterator[tuple[str, Path]]:
    for name in SEALED:
        for path in sorted((library / name).rglob("*")):
            if path.is_file() and path.suffix not in _EMPTY:
                yield name, path
