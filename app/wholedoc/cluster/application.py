"""The Ray Serve application: an ingress bound to replicas of the engine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ray import serve
from ray.serve import Application
from ray.serve.config import AutoscalingConfig, RequestRouterConfig

from ..server.state import Options
from ..settings import Settings
from .ingress import Ingress
from .options import MOST_ONGOING, ONGOING, ClusterOptions
from .replica import EngineReplica
from .router import DocumentRouter

# Streams and questions that one ingress has open at a time. They cost it little: each is a coroutine.
OPEN_REQUESTS = 4000
# How often, in seconds, a replica says which documents are warm in it.
STATS_PERIOD_S = 1.0
# How often a replica is asked whether it is well, in seconds. A killed one is replaced no sooner than that.
HEALTH_PERIOD_S = 1.0
HEALTH_TIMEOUT_S = 30.0


def application(
    settings: Settings, cluster: ClusterOptions, options: Options, router: type[Any] = DocumentRouter
) -> Application:
    """Return the application for `serve.run`. Nothing is started yet. `router` decides which replica answers."""
    options = replace(options, concurrency=cluster.concurrency, ids_in_front=True)
    replicas = _replicas(cluster, router).bind(settings, cluster)
    return _ingress().bind(replicas, settings, cluster, options)


def _replicas(cluster: ClusterOptions, router: type[Any]) -> Any:
    bounds: dict[str, Any] = {"num_replicas": cluster.least}
    if cluster.most > cluster.least:
        scaling = AutoscalingConfig(
            min_replicas=cluster.least, max_replicas=cluster.most, target_ongoing_requests=ONGOING
        )
        bounds = {"autoscaling_config": scaling}
    return serve.deployment(
        name="EngineReplica",
        max_ongoing_requests=MOST_ONGOING,
        ray_actor_options={"num_cpus": 0, "num_gpus": cluster.gpus},
        request_router_config=RequestRouterConfig.model_validate(
            {"request_router_class": router, "request_routing_stats_period_s": STATS_PERIOD_S}
        ),
        graceful_shutdown_timeout_s=cluster.drain_s,
        health_check_period_s=HEALTH_PERIOD_S,
        health_check_timeout_s=HEALTH_TIMEOUT_S,
        **bounds,
    )(EngineReplica)


def _ingress() -> Any:
    return serve.deployment(
        name="Ingress",
        max_ongoing_requests=OPEN_REQUESTS,
        ray_actor_options={"num_cpus": 0},
        health_check_period_s=HEALTH_PERIOD_S,
        health_check_timeout_s=HEALTH_TIMEOUT_S,
    )(Ingress)
