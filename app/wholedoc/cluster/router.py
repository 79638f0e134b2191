"""Ray Serve's request router for documents: `placement` decides, and this asks Serve what it wants to know."""

from __future__ import annotations

from typing import Any

from ray.serve.request_router import PendingRequest, ReplicaID, RequestRouter, RunningReplica

from .placement import SPREAD, Candidate, Notes, ranked

# The name under which a replica's routing statistics have the documents that it has warm.
WARM = "warm"


class DocumentRouter(RequestRouter):
    """Sends a request to the replica that has its documents warm. Their keys are the request's session id.

    `spread` may be given in the deployment's `request_router_kwargs`.
    """

    # A replica that computes may not say within Serve's 0.1 s how long its queue is. The question would go to one
    # that has its documents cold.
    queue_len_response_deadline_s = 1.0

    def initialize_state(self, **kwargs: Any) -> None:
        """Take the deployment's `request_router_kwargs`."""
        self._spread: int = kwargs.get("spread", SPREAD)
        self._notes = Notes()

    async def choose_replicas(
        self, candidate_replicas: list[RunningReplica], pending_request: PendingRequest | None = None
    ) -> list[list[RunningReplica]]:
        """Return the replicas for a request, each a rank of its own, the best first."""
        if pending_request is None:
            return [candidate_replicas]
        # Without this, Serve would ask again at once and for ever while all replicas are full.
        pending_request.routing_context.should_backoff = True
        documents = pending_request.metadata.session_id.split()
        named = {replica.replica_id.unique_id: replica for replica in candidate_replicas}
        candidates = [self._candidate(replica, documents) for replica in candidate_replicas]
        return [[named[name]] for name in ranked(documents, candidates, self._spread)]

    def _candidate(self, replica: RunningReplica, documents: list[str]) -> Candidate:
        name = replica.replica_id.unique_id
        warm = self._notes.warm(name, documents, replica.routing_stats.get(WARM, {}))
        return Candidate(name, self.replica_queue_len_cache.get(replica.replica_id) or 0, warm)

    def on_request_routed(self, pending_request: PendingRequest, replica_id: ReplicaID, result: Any) -> None:
        """Note where a request went."""
        self._notes.add(replica_id.unique_id, pending_request.metadata.session_id.split())
