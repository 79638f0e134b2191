"""Limits on what showing one page may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RenderingLimits:
    """Bounds on showing one page: wall-clock `seconds`, address space in bytes, and the picture's size.

    `pixels` bounds the whole picture and `side` its longer side. A page that would be larger is shown smaller.
    """

    seconds: float = 20.0
    memory_bytes: int = 2 << 30
    pixels: int = 16_000_000
    side: int = 16_000  # a WebP picture has at most 16,383 pixels a side

    @property
    def result_bytes(self) -> int:
        """The most bytes that a worker within the limits can send: uncompressed pixels, and 2 MiB for the boxes."""
        return 3 * self.pixels + (2 << 20)


DEFAULT_LIMITS = RenderingLimits()
