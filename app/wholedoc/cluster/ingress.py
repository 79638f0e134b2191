"""The ingress: the server of `wholedoc serve` without a model. Its questions are answered by replicas."""

from __future__ import annotations

import logging
import os
from typing import Any

from prometheus_client import CollectorRegistry
from ray import serve
from ray.serve.handle import DeploymentHandle
from starlette.applications import Starlette
from starlette.types import ASGIApp

from ..runtime import tracing
from ..server.app import create_app_for
from ..server.pages import pages_beside
from ..server.state import Options, State
from ..settings import Settings
from ..storage.folder import LibraryFolder
from ..storage.home import VARIABLE
from ..storage.shelf import Shelf
from .answering import AnsweringByReplicas
from .messages import LOGGER
from .metrics import ReplicaMetrics
from .options import ClusterOptions
from .sending import Sender

log = logging.getLogger(LOGGER)


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
        os.environ[VARIABLE] = str(self._cluster.folder)
        tracing.export("wholedoc-ingress", log.warning)
        folder = LibraryFolder(self._cluster.folder)
        folder.check_format()
        folder.incoming.remove_abandoned()
        shelf = Shelf(folder)
        registry = CollectorRegistry()
        metrics = ReplicaMetrics(registry)
        answering = AnsweringByReplicas(self._settings, self._replicas, metrics)
        state = State(shelf, answering, self._options, registry)
        return create_app_for(state, self._options, self._pages(folder, answering, metrics))

    def _pages(
        self, folder: LibraryFolder, answering: AnsweringByReplicas, metrics: ReplicaMetrics
    ) -> Starlette | None:
        """Return the browser app, or None if there is to be none, or what it needs is not installed."""
        if self._cluster.page is None:
            return None
        from .page_library import PageLibrary

        calls = Sender(self._replicas, "call", metrics)
        library = PageLibrary(folder, self._settings, calls, lambda: answering.loop)
        return pages_beside(library, self._cluster.page, self._options, log.warning)
