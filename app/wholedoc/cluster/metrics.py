"""What an ingress measures of its replicas, with the server's other metrics, and what a replica does of itself."""

from __future__ import annotations

from collections.abc import Mapping

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


class ReplicaGauges:
    """What a replica measures of itself. Ray serves it to Prometheus with its own metrics, on every machine."""

    def __init__(self) -> None:
        from ray.util.metrics import Gauge

        self._documents = Gauge("wholedoc_warm_documents", "Documents that a replica has in memory.")
        self._tokens = Gauge("wholedoc_warm_tokens", "Tokens of the documents that a replica has in memory.")
        self._waiting = Gauge(
            "wholedoc_waiting_for_model", "Questions and readings that wait for a replica's model."
        )

    def show(self, warm: Mapping[str, int], waiting: int) -> None:
        """Show the documents that are warm, with their tokens, and how many wait for the model."""
        self._documents.set(len(warm))
        self._tokens.set(sum(warm.values()))
        self._waiting.set(waiting)
