"""Who may use a server: users by name, each with a key of which only a hash is kept."""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock

from ...errors import UserError, storage_error
from ..files.atomic import write_atomically
from .quota import Quota

NAME = re.compile(r"[a-z0-9][a-z0-9_.@-]{0,63}")
# What keys begin with, so that one that lies about somewhere is recognised.
PREFIX = "wd-"
# A file that has changed is noticed after so many seconds.
LOOKED_S = 1.0


@dataclass(frozen=True)
class User:
    """A person or program with a key. `shelves` are the shared shelves whose documents they see and add to.

    `quota` has the bounds that were set for them alone.
    """

    name: str
    shelves: tuple[str, ...] = ()
    quota: Quota = field(default_factory=Quota)


@dataclass
class _People:
    """What the file says: users by the hashes of their keys, and the bounds of all who have none of their own."""

    by_hash: dict[str, User] = field(default_factory=dict)
    everybody: Quota = field(default_factory=Quota)


class Users:
    """A file of users. Servers notice within a second that it has changed.

    A key is 32 random bytes, which nobody can guess from any hash, so that a fast one is enough.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._looking = threading.Lock()
        self._looked = -LOOKED_S
        self._changed = 0
        self._people = _People()

    def add(self, name: str, shelves: tuple[str, ...] = (), quota: Quota | None = None) -> str:
        """Add a user, or give one a new key, and return the key. It is shown once and kept nowhere.

        A user who is known already keeps their shelves where none are named, and their bounds where none are set.
        Raises UserError for an impossible name.
        """
        for one in (name, *shelves):
            if not NAME.fullmatch(one):
                raise UserError(f"'{one}' is no name: use up to 64 small letters, digits, and . _ - @")
        key = PREFIX + secrets.token_urlsafe(32)
        with self._changing() as people:
            known = _forget(people.by_hash, name) or User(name)
            bounds = (quota or Quota()).over(known.quota)
            people.by_hash[_hash(key)] = User(name, shelves or known.shelves, bounds)
        return key

    def bound(self, name: str, quota: Quota, reset: bool = False) -> None:
        """Set those of a user's bounds that `quota` has; with `reset` forget the others.

        Raises UserError if there is none of this name.
        """
        with self._changing() as people:
            hashes = [key for key, user in people.by_hash.items() if user.name == name]
            if not hashes:
                raise _unknown(name)
            for key in hashes:
                user = people.by_hash[key]
                people.by_hash[key] = replace(user, quota=quota if reset else quota.over(user.quota))

    def bound_everybody(self, quota: Quota, reset: bool = False) -> None:
        """Set bounds of all users who have none of their own; with `reset` forget those that `quota` has not."""
        with self._changing() as people:
            people.everybody = quota if reset else quota.over(people.everybody)

    def remove(self, name: str) -> None:
        """Remove a user, whose key is refused from then on. Raises UserError if there is none of this name."""
        with self._changing() as people:
            if _forget(people.by_hash, name) is None:
                raise _unknown(name)

    def all(self) -> list[User]:
        """Return all users by their names. Raises UserError if the file is damaged."""
        return sorted(self._read().by_hash.values(), key=lambda user: user.name)

    def of(self, key: str) -> User | None:
        """Return whose key this is, None if it is nobody's. Raises UserError if the file is damaged."""
        return self._known().by_hash.get(_hash(key))

    def named(self, name: str) -> User | None:
        """Return the user of this name, None if there is none. Raises UserError if the file is damaged."""
        return next((user for user in self._known().by_hash.values() if user.name == name), None)

    def quota(self, name: str) -> Quota:
        """Return a user's bounds: their own, or those of everybody. Raises UserError if the file is damaged."""
        return (self.named(name) or User(name)).quota.over(self._known().everybody)

    def _known(self) -> _People:
        """Return what the file said a second ago at the most."""
        with self._looking:  # else a thread would take what another is just about to replace
            if time.monotonic() - self._looked >= LOOKED_S:
                changed = self.path.stat().st_mtime_ns if self.path.exists() else 0
                if changed != self._changed:
                    self._people = self._read()
                    self._changed = changed
                self._looked = time.monotonic()
            return self._people

    @contextmanager
    def _changing(self) -> Iterator[_People]:
        """Give what the file says, and write it after the block. Raises UserError and LibraryError."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock")):
                people = self._read()
                yield people
                users = [{**asdict(user), "key": key} for key, user in people.by_hash.items()]
                content = {"users": users, "everybody": asdict(people.everybody)}
                write_atomically(self.path, json.dumps(content, indent=1).encode())
        except OSError as error:
            raise storage_error(self.path.parent, error) from error

    def _read(self) -> _People:
        """Return what the file says. Raises UserError if it is damaged."""
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            return _People(
                {str(one["key"]): _user(one) for one in content["users"]}, Quota(**content.get("everybody", {}))
            )
        except FileNotFoundError:
            return _People()
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{self.path} is damaged: mend it, or delete it and give everybody a new key"
            ) from error


def _user(one: Mapping[str, Any]) -> User:
    return User(str(one["name"]), tuple(one["shelves"]), Quota(**one.get("quota", {})))


def _unknown(name: str) -> UserError:
    return UserError(f"there is no user '{name}': `wholedoc users list` shows them")


def _forget(users: dict[str, User], name: str) -> User | None:
    """Remove a user, and return them as they were; None if there is nobody of this name."""
    hashes = [key for key, user in users.items() if user.name == name]
    return [users.pop(key) for key in hashes][-1] if hashes else None


def _hash(key: str) -> str:
    return sha256(key.encode()).hexdigest()
