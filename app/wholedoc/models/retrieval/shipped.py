"""The retrieval heads of the catalogue's models, as `wholedoc retrieval-heads` finds them."""

from __future__ import annotations

from parallelcomp import QueryHead, RetrievalHeads

# Layers and heads by a model's fingerprint, of which it has one for each number format.
_HEADS: dict[str, tuple[tuple[int, int], ...]] = {}


def heads_of(fingerprint: str) -> RetrievalHeads | None:
    """Return the retrieval heads of the model with this fingerprint, None if they are not known."""
    found = _HEADS.get(fingerprint)
    return None if found is None else RetrievalHeads(fingerprint, tuple(QueryHead(*one) for one in found))
