"""What an ingress measures of its replicas, in the registry of the server's other metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

# Upper bounds of the histogram's buckets, in seconds.
BUCKETS_S = (0.001, 0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10, 60)


class ReplicaMetrics:
    """Counts where questions went and which replicas were lost, and measures how long it took to reach one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._sent = Counter(
            "wholedoc_sent_questions",
            "Questions that replicas have begun to answer, by replica and whether their documents were warm.",
            ("replica", "warm"),
            registry=registry,
        )
        self._sending = Histogram(
            "wholedoc_sending_seconds",
            "From when a question left the ingress until a replica had begun on it: routing, and the way there.",
            buckets=BUCKETS_S,
            registry=registry,
        )
        self._lost = Counter(
            "wholedoc_lost_replicas", "Questions whose replica died before it had answered.", registry=registry
        )

    def count_sent(self, replica: str, warm: bool, seconds: float) -> None:
        """Count a question that a replica has begun to answer, so many seconds after it was sent."""
        self._sent.labels(replica, str(warm).lower()).inc()
        self._sending.observe(seconds)

    def count_lost(self) -> None:
        """Count a question whose replica died."""
        self._lost.inc()
