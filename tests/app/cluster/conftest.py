"""A cluster of two replicas of the tiny model on this machine, which all tests of this folder share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from benchmarks.cluster.started import processes

from wholedoc import Library, Settings

from ..server.serving import Server, free_port, running

REPLICAS = 2


@dataclass
class Cluster:
    """The cluster's API, and its processes."""

    http: httpx.Client = field(repr=False)
    folder: Path
    settings: Settings = field(repr=False)
    ray_folder: Path

    def upload(self, name: str, content: str) -> str:
        """Returns the id of the uploaded file."""
        data = {"purpose": "user_data"}
        answer = self.http.post("/v1/files", files={"file": (name, content.encode())}, data=data)
        id: str = answer.raise_for_status().json()["id"]
        return id

    def ask(self, id: str, question: str, **rest: Any) -> httpx.Response:
        return self.http.post("/v1/chat/completions", json=body(id, question, **rest))

    def logs(self, deployment: str) -> list[Path]:
        """The files of logs of a deployment's replicas."""
        return list(self.ray_folder.glob(f"session_latest/logs/serve/replica_*{deployment}*.log"))

    def deploy(self, replicas: int) -> None:
        """Deploys the application anew, with so many replicas, and waits until it is."""
        from ray import serve

        from wholedoc.cluster.running import NAME

        serve.run(application_of(self.settings, self.folder, replicas), name=NAME)

    def replicas(self) -> list[psutil.Process]:
        """The processes that have a model."""
        return processes("EngineReplica")


def body(id: str, question: str, **rest: Any) -> dict[str, Any]:
    content = [{"type": "file", "file": {"file_id": id}}, {"type": "text", "text": question}]
    return {"messages": [{"role": "user", "content": content}], **rest}


def application_of(settings: Settings, folder: Path, replicas: int) -> Any:
    from wholedoc.cluster.application import application
    from wholedoc.cluster.options import ClusterOptions
    from wholedoc.server.serving import Address
    from wholedoc.server.state import Options

    options = ClusterOptions(folder, replicas, replicas, page=Address(), finds_heads=False)
    return application(settings, options, Options())


@pytest.fixture(scope="package")
def telling_settings(
    served_settings: Settings, embedded_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """The same with larger weights, so that answers to different questions and documents are different ones."""
    from benchmarks.random_model import write_random_model

    folder = tmp_path_factory.mktemp("telling-model")
    write_random_model(folder, embedded_folder, deviation=0.3)
    return replace(served_settings, model=str(folder))


@pytest.fixture(scope="package")
def cluster(telling_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Starting it takes some twenty seconds: every process imports torch."""
    pytest.importorskip("ray")
    from wholedoc.cluster.running import running as started
    from wholedoc.server.serving import Address

    folder = tmp_path_factory.mktemp("cluster")
    Library.open(folder)
    address = Address(port=free_port())
    made = application_of(telling_settings, folder, REPLICAS)
    # The sockets of Ray lie below its folder, and their paths must be short.
    with tempfile.TemporaryDirectory(prefix="ray") as logs, started(made, address, logs=Path(logs)):
        assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
        assert os.environ["RAY_AUTH_MODE"] == "token"
        with httpx.Client(base_url=address.url, timeout=600) as http:
            yield Cluster(http, folder, telling_settings, Path(logs))


@pytest.fixture
def alone(telling_settings: Settings, tmp_path: Path) -> Iterator[Server]:
    """The same server in one process, with a library of its own."""
    with running(Library.open(tmp_path / "alone", telling_settings)) as server:
        server.wait_ready()
        yield server
