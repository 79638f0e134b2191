"""Which replica should answer a question: one that has its documents warm, unless too many wait there.

A document is warm in a replica that holds it in memory, or is reading it. A cold one goes to the replica that its
id points to by rendezvous hashing, so that several routers send it to the same place without asking each other. A
replica with a longer queue than others is passed over, so that a hot document becomes warm in a second one.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import xxhash

# A replica may have so many requests more than the one with the fewest before a question goes elsewhere. Fewer
# would spread documents that are not hot: of 16 clients' questions to 30 documents some 3 % find theirs cold at 10,
# and 7 % at 6, while no more are answered in a second (docs/log.md).
SPREAD = 10
# So long a router counts a document as warm where it has sent one question about it, in seconds. By then the
# replica has said so itself.
NOTED_S = 5.0
# A router remembers where it has sent so many documents.
NOTED = 10_000
# Ids are SHA-256 sums; their beginnings tell apart all documents that any cluster will ever have.
KEY_CHARACTERS = 20


def document_key(id: str) -> str:
    """Return the short form of a document's or a text's id by which replicas say what is warm."""
    return id.rpartition("-")[2][:KEY_CHARACTERS]


@dataclass(frozen=True)
class Candidate:
    """A replica: how many requests it has, and the keys of the documents that it has warm, with their tokens."""

    name: str
    queue: int
    warm: Mapping[str, int] = field(default_factory=dict)

    def tokens(self, documents: Iterable[str]) -> int:
        """Return how many tokens of these documents are warm; one that is being read has 1 at least."""
        return sum(max(self.warm[key], 1) for key in documents if key in self.warm)


def ranked(documents: Sequence[str], candidates: Sequence[Candidate], spread: int = SPREAD) -> list[str]:
    """Return the names of the replicas for a question to the documents with these keys, the best first.

    Without documents, the shortest queue is best.
    """
    shortest = min((one.queue for one in candidates), default=0)

    def preference(one: Candidate) -> tuple[int, int, int]:
        warm = one.tokens(documents)
        # Where it is warm in several, the queue decides; where it is cold, its hash.
        queue = one.queue if warm or not documents else 0
        return -warm, queue, -_weight(one.name, documents)

    def passed_over(one: Candidate) -> int:
        return one.queue if one.queue > shortest + spread else 0

    return [one.name for one in sorted(candidates, key=lambda one: (passed_over(one), preference(one)))]


def _weight(name: str, documents: Sequence[str]) -> int:
    """Return the rendezvous hash of a replica and the first document."""
    return xxhash.xxh3_64_intdigest(" ".join((name, *documents[:1])).encode())


class Notes:
    """Where a router has sent documents lately, as replicas say only every second what is warm there."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sent: OrderedDict[tuple[str, str], float] = OrderedDict()

    def add(self, replica: str, documents: Iterable[str]) -> None:
        """Note that a question about these documents was sent to a replica."""
        for key in documents:
            self._sent.pop((replica, key), None)
            self._sent[replica, key] = self._clock()
        while len(self._sent) > NOTED:
            self._sent.popitem(last=False)

    def warm(self, replica: str, documents: Iterable[str], said: Mapping[str, int]) -> dict[str, int]:
        """Return those of the documents that are warm there, by what the replica has `said` and by the notes."""
        oldest = self._clock() - NOTED_S
        noted = {key: 1 for key in documents if self._sent.get((replica, key), oldest - 1) >= oldest}
        return {**noted, **{key: said[key] for key in documents if key in said}}
