"""Rectangles on the picture, in pixels from its top left corner."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rectangle:
    """The edges of a rectangle, in pixels."""

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
        """Return the part that lies in `other`, which is empty if there is none."""
        return Rectangle(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def grown(self, across: float, down: float) -> Rectangle:
        """Return a rectangle larger by `across` on the left and on the right, and by `down` above and below."""
        return Rectangle(self.left - across, self.top - down, self.right + across, self.bottom + down)

    def turned(self) -> Rectangle:
        """Return the rectangle with its axes exchanged."""
        return Rectangle(self.top, self.left, self.bottom, self.right)
