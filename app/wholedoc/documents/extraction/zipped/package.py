"""Opening a ZIP archive, bounded against those that unpack to far more than they are."""

from __future__ import annotations

import io
import zipfile
import zlib
from functools import cached_property

from ....errors import ExtractionLimitError, PasswordError
from ..source import Source

# Text compresses to a tenth, equal rows of a workbook to a hundredth, one byte over and over to a thousandth.
_HIGHEST_RATIO = 250
# Up to so many bytes an archive may unpack to, whatever its ratio.
_HARMLESS_BYTES = 64 << 20
_ENCRYPTED = 0x1


class Package:
    """An open archive. The sizes that its directory declares are counted before anything is unpacked, and reading
    never goes beyond them.

    Raises `ExtractionLimitError` for a bomb and `UnreadableFileError` for a damaged archive.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(source.data))
        except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError) as error:
            raise source.damaged(error) from error
        entries = self.entries
        size = sum(entry.file_size for entry in self._zip.infolist())
        if size > _HARMLESS_BYTES and size > _HIGHEST_RATIO * len(source.data):
            raise ExtractionLimitError(
                f"{source.name} unpacks to {size:,} bytes, {size // len(source.data):,} times its size, as no"
                " honest archive does: unpack it, and add the files that matter."
            )
        source.budget.spend(len(entries), size, source.name)

    @cached_property
    def entries(self) -> dict[str, zipfile.ZipInfo]:
        """The files in the archive by their names, in its order, without folders."""
        return {entry.filename: entry for entry in self._zip.infolist() if not entry.is_dir()}

    def is_encrypted(self, name: str) -> bool:
        return bool(self.entries[name].flag_bits & _ENCRYPTED)

    def get(self, name: str) -> bytes | None:
        """Return the content of a file, or None if there is none of this name."""
        return self.read(name) if name in self.entries else None

    def read(self, name: str) -> bytes:
        """Return the content of a file. Raises `PasswordError`, `UnreadableFileError`, and KeyError for no file."""
        password = self.source.password.encode() if self.source.password else None
        if self.is_encrypted(name) and password is None:
            raise PasswordError(f"{self.source.name} is encrypted: give its password with --password.")
        try:
            return self._zip.read(self.entries[name], password)
        except RuntimeError as error:  # so zipfile calls a wrong password
            raise PasswordError(
                f"{self.source.name} is encrypted and the password is wrong, or its encryption is not known here:"
                " check it, or unpack the archive."
            ) from error
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError) as error:
            raise self.source.damaged(error) from error
