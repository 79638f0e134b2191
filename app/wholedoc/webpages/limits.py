"""Limits on fetching a web page, and where it may be fetched from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PageLimits:
    """Bounds on one page: seconds in all, bytes as they arrive and unpacked, and redirects that are followed.

    With `private`, addresses of this machine and of its network are allowed too.
    """

    seconds: float = 30.0
    size: int = 20_000_000
    redirects: int = 5
    private: bool = False
