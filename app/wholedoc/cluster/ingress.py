"""The ingress: the server of `wholedoc serve` without a model. Its questions are answered by replicas."""

from __future__ import annotations

import logging
from typing import Any

from prometheus_client import CollectorRegistry
from ray import serve
from ray.serve.handle import DeploymentHandle
from starlette.types import ASGIApp

from ..runtime import tracing
from ..server.app import create_app_for
from ..server.state import Options, State
from ..settings import Settings
from ..storage.folder import LibraryFolder
from ..storage.shelf import Shelf
from .answering import AnsweringByReplicas
from .messages import LOGGER
from .metrics import ReplicaMetrics
from .options import ClusterOptions


@serve.ingress()
class Ingress:
    """Files, keys, limits and streams. Serve runs one or more of them behind its own HTTP proxies."""

    def __init__(
        self, replicas: DeploymentHandle[Any], settings: Settings, cluster: ClusterOptions, options: Options
    ) -> None:
        self._replicas = replicas
        self._settings = settings
        self._cluster = cluster
        self._options = options

    def __serve_build_asgi_app__(self) -> ASGIApp:
        tracing.export("wholedoc-ingress", logging.getLogger(LOGGER).warning)
        folder = LibraryFolder(self._cluster.folder)
        folder.check_format()
        folder.incoming.remove_abandoned()
        shelf = Shelf(folder)
        registry = CollectorRegistry()
        answering = AnsweringByReplicas(self._settings, self._replicas, ReplicaMetrics(registry))
        return create_app_for(State(shelf, answering, self._options, registry), self._options)
