"""Counts in sentences for people."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """Return "1 note" or "1,200 notes"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
