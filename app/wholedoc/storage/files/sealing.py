"""Encryption of files at rest: each is sealed by itself with one key, under its own name, so that none can be
changed or put in another's place unnoticed.

A sealed file is a mark, a random nonce, and AES-256-GCM's ciphertext with its tag. What goes into the tag besides
the content is the file's name within the library. Nonces are random: one key is good for 2^32 files.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import EncryptionError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# The key itself, or a file that holds it: 32 bytes in base64, as `openssl rand -base64 32` prints them.
KEY_VARIABLE, KEY_FILE_VARIABLE = "WHOLEDOC_ENCRYPTION_KEY", "WHOLEDOC_ENCRYPTION_KEY_FILE"
KEY_BYTES = 32
CIPHER = "AES-256-GCM"
# What every sealed file begins with; the last byte is the version of the layout.
MARK = b"wholedoc sealed\x01"
NONCE_BYTES, TAG_BYTES = 12, 16
# A sealed file is so many bytes longer than its content.
OVERHEAD = len(MARK) + NONCE_BYTES + TAG_BYTES


class DamagedFileError(ValueError):
    """A file that is not what was written under its name."""


def is_sealed(data: bytes) -> bool:
    """Return whether these are the bytes of a sealed file."""
    return data.startswith(MARK)


class Seal:
    """Seals and opens the content of files with one key."""

    def __init__(self, key: bytes) -> None:
        """Raises ValueError unless the key has 32 bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
        self._key = key
        self._made: AESGCM | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Seal | None:
        """Return the seal with the key that the environment names, None if it names none.

        Raises EncryptionError if that is no key.
        """
        given = os.environ if environment is None else environment
        text, file = given.get(KEY_VARIABLE, ""), given.get(KEY_FILE_VARIABLE, "")
        if text and file:
            raise EncryptionError(f"{KEY_VARIABLE} and {KEY_FILE_VARIABLE} are both set: keep one of them")
        if file:
            try:
                text = Path(file).expanduser().read_text(encoding="ascii")
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is no text"
                raise EncryptionError(
                    f"{KEY_FILE_VARIABLE} names {file}, which cannot be read ({reason})"
                ) from error
        if not file and not text:
            return None
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except (binascii.Error, ValueError) as error:
            raise EncryptionError(
                f"{KEY_FILE_VARIABLE if file else KEY_VARIABLE} gives no key: it takes {KEY_BYTES} random bytes in "
                "base64, which `openssl rand -base64 32` makes"
            ) from error

    def seal(self, name: str, content: bytes) -> bytes:
        """Return the content as it is kept in the file of this name."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return b"".join((MARK, nonce, self._aes.encrypt(nonce, content, _bound(name))))

    def open(self, name: str, sealed: bytes) -> bytes:
        """Return the content of the file of this name.

        Raises DamagedFileError if it was changed, sealed under another name or with another key, or never sealed.
        """
        from cryptography.exceptions import InvalidTag

        if not is_sealed(sealed) or len(sealed) < OVERHEAD:
            raise DamagedFileError(f"{name} is not sealed")
        view = memoryview(sealed)[len(MARK) :]
        try:
            return self._aes.decrypt(bytes(view[:NONCE_BYTES]), view[NONCE_BYTES:], _bound(name))
        except InvalidTag as error:
            raise DamagedFileError(f"{name} is not what was sealed under this name") from error

    @property
    def _aes(self) -> AESGCM:
        if self._made is None:  # importing it takes a moment, which a library in the clear need not wait for
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            self._made = AESGCM(self._key)
        return self._made


def _bound(name: str) -> bytes:
    return MARK + name.encode("utf-8", "surrogateescape")
