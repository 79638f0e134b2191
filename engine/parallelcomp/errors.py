"""Errors of the engine that a caller can cause; each message says what to change."""

from __future__ import annotations


class ParallelCompError(Exception):
    """Base of all engine errors."""


class UnsupportedModelError(ParallelCompError):
    """The model has something that re-used positions and chunk-local attention cannot express."""


class WindowError(ParallelCompError):
    """Prefix, chunk, question and answer do not fit in the model's window together."""


class LayoutError(ParallelCompError):
    """The document cannot be laid out over that many hosts with those lengths."""


class MemoryPlanError(ParallelCompError):
    """The document does not fit in memory; the message says what length would."""


class RankError(ParallelCompError):
    """Another process of the group died, failed, or does not answer."""


class ClusterError(ParallelCompError):
    """Clusters of heads that cannot be used: a damaged file, or another model's."""


class Cancelled(ParallelCompError):  # noqa: N818 - it is no mistake of anybody's
    """The caller asked to stop."""
