"""A page as a picture, its lines of text, and the boxes of a quote on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle on the picture, in fractions 0..1 of its width and height; the origin is at the top left."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class PageImage:
    """An encoded picture, `width` by `height` pixels, as it is sent to a browser.

    `boxes` hold the quote's lines in reading order; there are none if the quote was not found.
    """

    content: bytes
    media_type: str
    width: int
    height: int
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class TextLine:
    """What a line of a page says, and where it stands."""

    text: str
    box: Box
