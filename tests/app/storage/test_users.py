"""Who uses a server, as several threads look at it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wholedoc.storage.people.users import Users


def test_nobody_is_unknown_while_another_thread_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of two requests that came first to a server was refused: it took what was known before."""
    key = Users(tmp_path / "users.json").add("ann")
    users = Users(tmp_path / "users.json")
    looking, read = threading.Event(), users._read

    def slowly() -> object:
        looking.set()
        threading.Event().wait(0.2)
        return read()

    monkeypatch.setattr(users, "_read", slowly)

    def second() -> object:
        looking.wait(10)
        return users.of(key)

    with ThreadPoolExecutor(2) as threads:
        found = [threads.submit(users.of, key), threads.submit(second)]
        assert [one.result().name for one in found] == ["ann", "ann"]
