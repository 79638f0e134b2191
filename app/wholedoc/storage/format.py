"""The library's own file: of which version its layout is, and whether and with which key it is encrypted."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..errors import EncryptionError, LibraryError, storage_error
from .files.atomic import write_atomically
from .files.sealing import CIPHER, KEY_FILE_VARIABLE, KEY_VARIABLE, DamagedFileError, Seal

FILE = "library.json"
# The versions of the folder's layout. A library of a newer format is not touched, so that a program which knows
# nothing of encryption does not take sealed files for damaged ones.
FORMAT, SEALED_FORMAT = 1, 2
# What is sealed in the library's file, to tell a wrong key from a damaged file.
_CHECKED = b"the key of this library"


class Sealing(Enum):
    """How far the encryption of a library is."""

    NONE = "none"
    BEGUN = "begun"
    """Some of its files are sealed, since whoever sealed them was stopped."""
    WHOLE = "whole"


@dataclass(frozen=True)
class Format:
    """What a library's file says. `check` tells whether a key is the one that it is sealed with."""

    sealing: Sealing = Sealing.NONE
    check: bytes = b""

    @classmethod
    def sealed_by(cls, seal: Seal, sealing: Sealing = Sealing.WHOLE) -> Format:
        return cls(sealing, seal.seal(FILE, _CHECKED))

    @classmethod
    def read(cls, folder: Path) -> Format | None:
        """Return what the file in a folder says, or None if there is none. Raises LibraryError."""
        path = folder / FILE
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            found = int(content["format"])
            if found > SEALED_FORMAT:
                raise LibraryError(
                    f"the library {folder} was made by a newer version of wholedoc (format {found}, this knows "
                    f"{SEALED_FORMAT}): upgrade wholedoc, or set WHOLEDOC_HOME to another folder"
                )
            if found < SEALED_FORMAT:
                return cls()
            return cls(Sealing(content["encryption"]), base64.b64decode(content["check"], validate=True))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise LibraryError(
                f"{path} is damaged: delete it if {folder} is a library of wholedoc, or set WHOLEDOC_HOME"
            ) from error
        except OSError as error:
            raise storage_error(folder, error) from error

    def write(self, folder: Path) -> None:
        """Write the file. Raises OSError."""
        content: dict[str, object] = {"format": FORMAT}
        if self.sealing is not Sealing.NONE:
            content = {"format": SEALED_FORMAT, "encryption": self.sealing.value, "cipher": CIPHER}
            content["check"] = base64.b64encode(self.check).decode()
        write_atomically(folder / FILE, json.dumps(content).encode())

    def check_key(self, folder: Path, seal: Seal | None) -> None:
        """Raise EncryptionError unless a library of this format can be read and written with this key, or with
        none."""
        if self.sealing is Sealing.NONE:
            if seal is not None:
                raise EncryptionError(
                    f"the library {folder} is not encrypted, and {KEY_VARIABLE} or {KEY_FILE_VARIABLE} gives a "
                    "key: `wholedoc library encrypt` encrypts it, WHOLEDOC_HOME names another library, and without "
                    "the key it stays as it is"
                )
            return
        self.check_seal(folder, seal)
        if self.sealing is Sealing.BEGUN:
            raise EncryptionError(
                f"the encryption of the library {folder} was begun and not finished: run `wholedoc library "
                "encrypt` again"
            )

    def check_seal(self, folder: Path, seal: Seal | None) -> None:
        """Raise EncryptionError unless this is the key that a library is sealed with."""
        if seal is None:
            raise EncryptionError(
                f"the library {folder} is encrypted: set {KEY_VARIABLE} to its key, or {KEY_FILE_VARIABLE} to the "
                "file that has it. Without the key nothing in it can be read"
            )
        try:
            seal.open(FILE, self.check)
        except DamagedFileError as error:
            raise EncryptionError(
                f"the library {folder} is encrypted with another key than the one in {KEY_VARIABLE} or "
                f"{KEY_FILE_VARIABLE}: give that one, or set WHOLEDOC_HOME to another library"
            ) from error
