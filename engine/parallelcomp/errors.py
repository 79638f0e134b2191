"""Errors of the engine that a caller can cause; each message says what to change."""

from __future__ import annotations


class ParallelCompError(Exception):
    """Base of all engine errors."""


class UnsupportedModelError(ParallelCompError):
    """The model does something that re-used positions and chunk-local attention cannot express."""


class WeightsError(ParallelCompError):
    """The weights cannot be in this number format: the message says which library or device is missing."""


class WindowError(ParallelCompError):
    """Prefix, chunk, question and answer do not fit in the model's window together."""


class LayoutError(ParallelCompError):
    """The document cannot be laid out over this number of hosts with these anchor and passing lengths."""


class MemoryPlanError(ParallelCompError):
    """The document does not fit in memory; the message says what length would."""


class DeviceMemoryError(ParallelCompError):
    """The device ran out of memory in the middle of work that was planned to fit."""


class RankError(ParallelCompError):
    """Another process of the group died, failed, or does not answer."""


class ClusterError(ParallelCompError):
    """These clusters of heads cannot be used: their file is damaged, or they belong to another model."""


class HeadsError(ParallelCompError):
    """These retrieval heads cannot be used: their file is damaged, or they belong to another model."""


class Cancelled(ParallelCompError):  # noqa: N818 - nobody made an error
    """The caller asked to stop."""
