"""What keeps a benchmark from being run."""

from __future__ import annotations


class NotInstalledError(Exception):
    """Something that a benchmark compares with is not installed; the message says how to install it."""


class CasesError(ValueError):
    """The cases that were asked for cannot be loaded or made; the message says what to do."""
