"""How the library's files are read and written: as they are, or sealed with a key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...errors import EncryptionError
from .atomic import WrittenTogether
from .sealing import KEY_VARIABLE, MARK, OVERHEAD, Seal, is_sealed


@dataclass(frozen=True)
class KeptFiles:
    """Files that are read and written whole; with a `seal` nobody without its key can read or change them.

    A file is bound to its name and its folder's, which is its kind, and not to where the library lies.
    """

    seal: Seal | None = None

    @property
    def are_sealed(self) -> bool:
        return self.seal is not None

    @property
    def are_plain(self) -> bool:
        """Whether a file's content is what anybody reads at its path."""
        return not self.are_sealed

    def read(self, path: Path) -> bytes:
        """Return a file's content.

        Raises OSError, DamagedFileError if it is not what was sealed, and EncryptionError where it is sealed and
        there is no key.
        """
        return self._opened(path, path.read_bytes())

    def read_text(self, path: Path) -> str:
        """Return a file's content as text. Raises the same, and ValueError if it is none."""
        return self.read(path).decode("utf-8")

    def first_line(self, path: Path, longest: int) -> bytes:
        """Return a file's first line, or the first `longest` bytes of it. Raises what `read` raises."""
        if self.seal is not None:
            return self.read(path).split(b"\n", 1)[0][:longest]
        with path.open("rb") as file:
            return self._opened(path, file.readline(longest))

    def size(self, path: Path) -> int:
        """Return the bytes of a file's content. Raises OSError."""
        return path.stat().st_size - (OVERHEAD if self.are_sealed else 0)

    def is_whole(self, path: Path) -> bool:
        """Return whether a file is there with all that belongs to it, as far as shows without reading it."""
        return path.is_file()

    def is_sealed(self, path: Path) -> bool:
        """Return whether a file is sealed, whatever with. Raises OSError."""
        return is_file_sealed(path)

    def remove(self, path: Path) -> None:
        """Delete a file. Nothing happens if it is not there."""
        path.unlink(missing_ok=True)

    def remove_unknown(self, folder: Path) -> int:
        """Remove what killed writers of a folder's files left elsewhere, and return how many bytes that was."""
        return 0

    def write(self, path: Path, content: bytes) -> None:
        """Write a file, which is there whole or not at all. Raises OSError."""
        with self.written_together() as files:
            files.write(path, content)

    @contextmanager
    def written_together(self) -> Iterator[Writing]:
        """Give what writes files that are forced to disk together, as `WrittenTogether` does."""
        with WrittenTogether() as files:
            yield Writing(files, self.seal)

    def _opened(self, path: Path, data: bytes) -> bytes:
        if self.seal is not None:
            return self.seal.open(name_of(path), data)
        if is_sealed(data):  # it is not damaged, and must not be removed as if it were
            raise no_key(path)
        return data


@dataclass(frozen=True)
class Writing:
    """Writes files that are forced to disk together."""

    files: WrittenTogether
    seal: Seal | None

    def write(self, path: Path, content: bytes) -> None:
        """Write a file, which appears when the block is left. Raises OSError."""
        self.files.write(path, self._sealed(path, content))

    def _sealed(self, path: Path, content: bytes) -> bytes:
        return content if self.seal is None else self.seal.seal(name_of(path), content)


CLEAR = KeptFiles()


def name_of(path: Path) -> str:
    """Return the name that a file is sealed under: its folder's, which is its kind, and its own."""
    return f"{path.parent.name}/{path.name}"


def no_key(path: Path) -> EncryptionError:
    """Return the error for a sealed file where there is no key."""
    return EncryptionError(f"{path} is encrypted: set {KEY_VARIABLE} to the key of its library")


def is_file_sealed(path: Path) -> bool:
    """Return whether a file is sealed, whatever with. Raises OSError."""
    with path.open("rb") as file:
        return is_sealed(file.read(len(MARK)))
