"""What can be wrong with the files and choices of a run."""

from __future__ import annotations


class CasesError(ValueError):
    """The cases that were asked for cannot be had; the message says what to do."""
