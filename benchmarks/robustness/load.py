"""One client of a mixed load: it reads, asks, cancels and removes, and keeps a book of what it was told."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx

from .serving import PATIENCE

# The shortest and the longest document, in sentences of some 15 tokens.
SENTENCES = (20, 150)
# A server that is away is looked for this often, in seconds.
LOOKED_FOR_S = 0.5


@dataclass
class Book:
    """What all clients were told and what was wrong with it. `kept` are acknowledged documents, by id."""

    kept: dict[str, bytes] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


class LoadClient:
    """A client with documents of its own, each of which has a word that stands in no other client's."""

    def __init__(
        self, number: int, url: Callable[[], str], book: Book, sentences: tuple[int, int] = SENTENCES
    ) -> None:
        self.book = book
        self._number = number
        self._sentences = sentences
        self._url = url
        self._random = random.Random(number)
        self._own: dict[str, str] = {}
        self._made = 0

    def work(self, stopped: threading.Event) -> None:
        """Do one thing after the other until `stopped` is set. A server that is away is waited for."""
        things = (self._read, self._ask, self._ask, self._ask, self._cancel, self._remove)
        while not stopped.is_set():
            thing = self._random.choice(things) if self._own else self._read
            with httpx.Client(base_url=self._url(), timeout=PATIENCE) as client:
                try:
                    client.get("/health")
                except httpx.TransportError:
                    stopped.wait(LOOKED_FOR_S)
                    continue
                try:
                    thing(client)
                except httpx.TransportError:
                    self.book.done["cut by a kill"] += 1
                except Exception as error:
                    self.book.wrong.append(f"client {self._number}: {error!r}")
                    stopped.wait(LOOKED_FOR_S)

    def _read(self, client: httpx.Client) -> None:
        self._made += 1
        word = f"heron{self._number}x{self._made}"
        size = self._random.randint(*self._sentences)
        lines = [f"Vessel {n} of {word} came in with {n * 7} crates of salt and left again." for n in range(size)]
        lines.insert(size // 2, f"The harbour master of {word} is called {word.title()}son.")
        content = "\n\n".join(lines).encode()
        answer = client.post("/v1/files", files={"file": (f"{word}.txt", content)}, data={"purpose": "user_data"})
        id = self._body(answer)["id"]
        if id != sha256(content).hexdigest():
            self.book.wrong.append(f"client {self._number}: {word} came back as {id}")
        self._own[id] = word
        self.book.kept[id] = content
        self.book.done["read"] += 1

    def _ask(self, client: httpx.Client) -> None:
        id, word = self._random.choice(list(self._own.items()))
        started = time.perf_counter()
        message = self._body(client.post("/v1/chat/completions", json=self._question(id, word)))["choices"][0][
            "message"
        ]
        self.book.seconds.append(time.perf_counter() - started)
        text = self.book.kept[id].decode()
        for citation in (one["file_citation"] for one in message.get("annotations") or ()):
            if citation["file_id"] != id or citation["quote"] not in text:
                self.book.wrong.append(f"client {self._number}: asked about {word}, and was shown {citation}")
        others = {f"heron{n}x" for n in range(100) if n != self._number}
        if any(other in message["content"].lower() for other in others):
            self.book.wrong.append(f"client {self._number}: asked about {word}, and was told {message['content']}")
        self.book.done["asked"] += 1

    def _cancel(self, client: httpx.Client) -> None:
        """Ask as a stream, and leave after its first piece."""
        id, word = self._random.choice(list(self._own.items()))
        with client.stream(
            "POST", "/v1/chat/completions", json={**self._question(id, word), "stream": True}
        ) as answer:
            if answer.status_code != 429:
                answer.raise_for_status()
                next(answer.iter_lines())
        self.book.done["cancelled"] += 1

    def _remove(self, client: httpx.Client) -> None:
        id = self._random.choice(list(self._own))
        # If the server dies before it answers, both are right: that it is there, and that it is not.
        del self._own[id]
        content = self.book.kept.pop(id)
        answer = client.delete(f"/v1/files/{id}")
        if answer.status_code != 200:
            self.book.kept[id] = content
        self._body(answer)
        self.book.done["removed"] += 1

    def _question(self, id: str, word: str) -> dict[str, object]:
        asked = {"type": "text", "text": f"What is the harbour master of {word} called?"}
        parts = [{"type": "file", "file": {"file_id": id}}, asked]
        return {
            "messages": [{"role": "user", "content": parts}],
            "max_tokens": 16,
            "user": f"client {self._number}",
        }

    @staticmethod
    def _body(answer: httpx.Response) -> dict[str, Any]:
        answer.raise_for_status()
        return answer.json()
