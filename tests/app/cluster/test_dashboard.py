"""docs/grafana.json shows metrics that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("prometheus_client")
from prometheus_client import CollectorRegistry, generate_latest

from wholedoc.cluster import metrics
from wholedoc.cluster.metrics import ReplicaMetrics
from wholedoc.server.guarding.rate_limiting import RateLimiter
from wholedoc.server.observing.metrics import Metrics

DASHBOARD = Path(__file__).parents[3] / "docs" / "grafana.json"


def test_every_metric_of_the_dashboard_is_measured() -> None:
    registry = CollectorRegistry()
    ReplicaMetrics(registry)
    Metrics(RateLimiter(1, 1), registry, lambda: 0)
    measured = set(re.findall(r"^# TYPE (\w+)", generate_latest(registry).decode(), re.M))
    of_replicas = set(re.findall(r'Gauge\(\s*"(wholedoc_\w+)"', Path(metrics.__file__).read_text()))
    queries = [
        target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel["targets"]
    ]
    shown = {name for query in queries for name in re.findall(r"(?:ray_)?wholedoc_\w+", query)}
    assert len(shown) >= 9
    for name in shown:
        known = (
            name.removeprefix("ray_") in of_replicas
            if name.startswith("ray_")
            else name.removesuffix("_bucket") in measured
        )
        assert known, name
