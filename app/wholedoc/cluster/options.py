"""What a cluster is started with, beside the settings of the library and the options of the server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..server.serving import Address
from ..server.state import CONCURRENT_REQUESTS
from .placement import SPREAD

# Requests that a replica is to have on average before another one is started. Questions take turns at a replica's
# model, so this is how many of them wait for each other.
ONGOING = 3
# Requests that a replica takes; it works on CONCURRENT_REQUESTS of them. One that is full gets no more, whatever is
# warm there, so it must not be full before the router passes it over: an ingress sends all replicas together
# CONCURRENT_REQUESTS each, and one of them at most SPREAD more than the others.
MOST_ONGOING = CONCURRENT_REQUESTS + SPREAD + 1


@dataclass(frozen=True)
class ClusterOptions:
    """How many replicas there are, and what each of them takes.

    `folder` is the library, which all replicas see under this path. There are between `least` and `most` replicas,
    by how many requests are at work. Each takes `gpus` GPUs of its machine, and its model computes in `threads`
    threads if it computes on the CPU. `drain_s` is how long a replica that is told to go may finish its answers, in
    seconds. The browser app is at the address `page`, or nowhere. With `finds_heads` a replica finds the retrieval
    heads of a model that nobody knows yet.
    """

    folder: Path
    least: int = 1
    most: int = 1
    gpus: float = 0.0
    threads: int = 1
    drain_s: float = 600.0
    page: Address | None = None
    finds_heads: bool = True

    @property
    def concurrency(self) -> int:
        """Chat requests that all replicas together have at work."""
        return CONCURRENT_REQUESTS * self.most
