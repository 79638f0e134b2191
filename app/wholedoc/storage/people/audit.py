"""Who did what with which documents, where a server has users: a line for each request, never changed again.

Every process writes to a file of its own, so that no line of one machine is lost to another's.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """One request: who made it, from where, what was asked for and answered, and about which documents.

    The words of questions and answers are not in it.
    """

    request_id: str
    user: str
    address: str
    method: str
    route: str
    status: int
    documents: Sequence[str] = ()


@dataclass(frozen=True)
class Audit:
    """A folder with a file for each process that has served: JSON lines that its owner alone can read."""

    folder: Path
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)

    def write(self, entry: Entry) -> None:
        """Append an entry with the time, and force it to the disk. Raises OSError."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        line = json.dumps({"time": moment, **vars(entry), "documents": list(entry.documents)}) + "\n"
        with self._lock:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self.folder / f"{moment[:10]}-{socket.gethostname()}-{os.getpid()}.jsonl"
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, line.encode())
                os.fsync(handle)
            finally:
                os.close(handle)

    def entries(self) -> list[dict[str, object]]:
        """Return all entries, the oldest first."""
        lines = [line for path in self.folder.glob("*.jsonl") for line in path.read_text().splitlines()]
        return sorted(map(json.loads, lines), key=lambda entry: str(entry["time"]))
