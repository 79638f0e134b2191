"""A cluster on this machine for measurements: replicas of a tiny model of random weights, which answers nonsense.

It reads and answers with all of the engine, in milliseconds, so that two cores can play many replicas and what is
measured is the way to them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import torch

from parallelcomp import ChunkScoring, EngineConfig, KVPrecision, Sampling
from wholedoc.library import Library
from wholedoc.models.embedded_model import embedded_model
from wholedoc.server.serving import Address, listen
from wholedoc.server.state import Options
from wholedoc.settings import AnswerFrom, Settings
from wholedoc.storage.folder import LibraryFolder
from wholedoc.storage.home import home

from ..errors import NotInstalledError
from ..random_model import write_random_model

PATIENCE_S = 300.0
REPLICAS = 3
# The standard deviation of the model's weights, at which no two questions have the same answer.
DEVIATION = 0.3


@dataclass(frozen=True)
class Sending:
    """How many questions reached a replica within so many seconds, by the upper bounds of a histogram."""

    counts: Mapping[float, float]

    def since(self, before: Sending) -> Sending:
        """Return the same of those that were sent since."""
        return Sending({bound: count - before.counts.get(bound, 0.0) for bound, count in self.counts.items()})

    def milliseconds(self, share: float) -> float:
        """Return the time within which this share of questions reached a replica: a bucket's upper bound."""
        wanted = share * max(self.counts.values(), default=0.0)
        return 1000 * min(bound for bound, count in self.counts.items() if count >= wanted)


@dataclass(frozen=True)
class Cluster:
    """A running cluster: its API, its library's folder, and its processes."""

    http: httpx.Client
    folder: Path
    url: str

    def replicas(self) -> list[psutil.Process]:
        """Return the processes that have a model."""
        return processes("EngineReplica")

    def ready(self) -> int:
        """Return how many replicas are there and have loaded their model.

        Serve notices only after a second or two that one was killed; its process is gone at once.
        """
        return min(running_replicas(), len(self.replicas()))

    def megabytes(self) -> float:
        """Return the memory of all processes of the cluster that they share with nobody, in MB."""
        return sum(_unshared(one) for one in psutil.Process().children(recursive=True)) / 1e6

    def sent(self, warm: bool) -> int:
        """Return how many questions went to a replica that had their documents warm, or had not."""
        return round(sum(self._samples("wholedoc_sent_questions_total", f'warm="{str(warm).lower()}"')))

    def sending(self) -> Sending:
        """Return how long questions took so far to reach a replica."""
        lines = [line for line in self._metrics() if line.startswith("wholedoc_sending_seconds_bucket")]
        counts = {float(line.split('le="')[1].split('"')[0]): float(line.rpartition(" ")[2]) for line in lines}
        return Sending(counts)

    def chunks(self) -> set[str]:
        """Return the keys of the chunks in the store."""
        return set(LibraryFolder(self.folder).store)

    def _samples(self, name: str, label: str) -> list[float]:
        lines = [line for line in self._metrics() if line.startswith(f"{name}{{") and label in line]
        return [float(line.rpartition(" ")[2]) for line in lines]

    def _metrics(self) -> list[str]:
        return self.http.get("/metrics").text.splitlines()


def tiny_settings(folder: Path) -> Settings:
    """Return settings of a model of random weights that is made in `folder`, and reads small chunks."""
    write_random_model(folder, embedded_model(home() / "models"), DEVIATION)
    return Settings(
        model=str(folder),
        answer_model=str(folder),
        dtype=torch.float32,
        # How numbers are rounded depends on what is computed together, and that on how much memory is free.
        engine=EngineConfig(chunk_tokens=256, precision=KVPrecision.BF16, prefill_batch=1),
        sampling=Sampling(max_new_tokens=8),
        found_margin=-1e9,
        answer_from=AnswerFrom.PASSAGES,
        scoring=ChunkScoring.LIKELIHOOD,
    )


@contextmanager
def started(settings: Settings, replicas: int, *, consistent_hash: bool = False) -> Iterator[Cluster]:
    """Run a cluster with an empty library until the end of the block.

    Questions are routed by what is warm, or by Ray's own consistent hashing. Raises NotInstalledError.
    """
    try:
        from ray.serve.experimental.consistent_hash_router import ConsistentHashRouter

        from wholedoc.cluster.application import application
        from wholedoc.cluster.options import ClusterOptions
        from wholedoc.cluster.router import DocumentRouter
        from wholedoc.cluster.running import running
    except ModuleNotFoundError as error:
        raise NotInstalledError('Ray is missing: pip install "wholedoc[cluster]"') from error

    router: Any = ConsistentHashRouter if consistent_hash else DocumentRouter
    with (
        tempfile.TemporaryDirectory(prefix="wholedoc-bench-") as library,
        tempfile.TemporaryDirectory(prefix="ray") as logs,
    ):
        folder = Path(library)
        Library.open(folder)
        options = ClusterOptions(folder, replicas, replicas, finds_heads=False)
        made = application(settings, options, Options(queue_limit=2000), router)
        address = _free_address()
        with (
            running(made, address, logs=Path(logs)),
            httpx.Client(base_url=address.url, timeout=PATIENCE_S) as http,
        ):
            yield Cluster(http, folder, address.url)


def _free_address() -> Address:
    with listen(Address(port=0)) as listening:
        return Address(port=listening.getsockname()[1])


def running_replicas() -> int:
    """Return how many replicas have loaded their model, as Serve sees it: a dead one counts for a second."""
    from ray import serve

    from wholedoc.cluster.running import NAME

    states: dict[Any, int] = serve.status().applications[NAME].deployments["EngineReplica"].replica_states
    return states.get("RUNNING", 0)


def processes(name: str) -> list[psutil.Process]:
    """Return the processes of a deployment that this process has started, or of Serve's proxy."""
    return [one for one in psutil.Process().children(recursive=True) if name in _title(one)]


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _unshared(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().uss)
    except psutil.Error:
        return 0
