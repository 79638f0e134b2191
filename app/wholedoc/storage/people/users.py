"""Who may use a server: users by name, each with a key of which only a hash is kept."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from ...errors import UserError, storage_error
from ..files.atomic import write_atomically

NAME = re.compile(r"[a-z0-9][a-z0-9_.@-]{0,63}")
# What keys begin with, so that one that lies about somewhere is recognised.
PREFIX = "wd-"
# A file that has changed is noticed after so many seconds.
LOOKED_S = 1.0


@dataclass(frozen=True)
class User:
    """A person or program with a key. `shelves` are the shared shelves whose documents they see and add to."""

    name: str
    shelves: tuple[str, ...] = ()


class Users:
    """A file of users. Servers notice within a second that it has changed.

    A key is 32 random bytes, which nobody can guess from any hash, so that a fast one is enough.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._looked = -LOOKED_S
        self._changed = 0
        self._by_hash: Mapping[str, User] = {}

    def add(self, name: str, shelves: tuple[str, ...] = ()) -> str:
        """Add a user, or give one a new key, and return the key. It is shown once and kept nowhere.

        A user who is known already keeps their shelves where none are named. Raises UserError for an impossible
        name.
        """
        for one in (name, *shelves):
            if not NAME.fullmatch(one):
                raise UserError(f"'{one}' is no name: use up to 64 small letters, digits, and . _ - @")
        key = PREFIX + secrets.token_urlsafe(32)
        with self._changing() as users:
            known = _forget(users, name)
            users[_hash(key)] = User(name, shelves or (known.shelves if known else ()))
        return key

    def remove(self, name: str) -> None:
        """Remove a user, whose key is refused from then on. Raises UserError if there is none of this name."""
        with self._changing() as users:
            if _forget(users, name) is None:
                raise UserError(f"there is no user '{name}': `wholedoc users list` shows them")

    def all(self) -> list[User]:
        """Return all users by their names. Raises UserError if the file is damaged."""
        return sorted(self._read().values(), key=lambda user: user.name)

    def of(self, key: str) -> User | None:
        """Return whose key this is, None if it is nobody's. Raises UserError if the file is damaged."""
        return self._known().get(_hash(key))

    def named(self, name: str) -> User | None:
        """Return the user of this name, None if there is none. Raises UserError if the file is damaged."""
        return next((user for user in self._known().values() if user.name == name), None)

    def _known(self) -> Mapping[str, User]:
        """Return the users by the hashes of their keys, as they were a second ago at the most."""
        if time.monotonic() - self._looked >= LOOKED_S:
            self._looked = time.monotonic()
            changed = self.path.stat().st_mtime_ns if self.path.exists() else 0
            if changed != self._changed:
                self._by_hash = self._read()
                self._changed = changed
        return self._by_hash

    @contextmanager
    def _changing(self) -> Iterator[dict[str, User]]:
        """Give the users by their hashes, and write them after the block. Raises UserError and LibraryError."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock")):
                users = self._read()
                yield users
                written = [{**asdict(user), "key": key} for key, user in users.items()]
                write_atomically(self.path, json.dumps({"users": written}, indent=1).encode())
        except OSError as error:
            raise storage_error(self.path.parent, error) from error

    def _read(self) -> dict[str, User]:
        """Return the users by the hashes of their keys. Raises UserError if the file is damaged."""
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            return {str(one["key"]): User(str(one["name"]), tuple(one["shelves"])) for one in content["users"]}
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{self.path} is damaged: mend it, or delete it and give everybody a new key"
            ) from error


def _forget(users: dict[str, User], name: str) -> User | None:
    """Remove a user, and return them as they were; None if there is nobody of this name."""
    hashes = [key for key, user in users.items() if user.name == name]
    return [users.pop(key) for key in hashes][-1] if hashes else None


def _hash(key: str) -> str:
    return sha256(key.encode()).hexdigest()
