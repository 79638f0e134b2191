"""Rectangles in pixels of the picture, from the top left."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rectangle:
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def is_empty(self) -> bool:
        return self.width <= 0 or self.height <= 0

    def united(self, other: Rectangle) -> Rectangle:
        return Rectangle(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def within(self, other: Rectangle) -> Rectangle:
        """The part that lies in `other`; empty if there is none."""
        return Rectangle(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def grown(self, across: float, down: float) -> Rectangle:
        """Larger by `across` on the left and on the right, and by `down` above and below."""
        return Rectangle(self.left - across, self.top - down, self.right + across, self.bottom + down)

    def turned(self) -> Rectangle:
        """With the axes exchanged."""
        return Rectangle(self.top, self.left, self.bottom, self.right)
