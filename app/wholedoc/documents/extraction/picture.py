"""Pictures as documents: a page for each frame, whose text is recognised later."""

from __future__ import annotations

from ...errors import ExtractionLimitError, NoTextError
from ..recognition import NOT_RECOGNISED
from ..rendering.frames import MOST_FRAMES, open_image
from .extracted import Extracted
from .source import Source


def read_picture(source: Source) -> Extracted:
    """Return the pages of a picture without their text. Raises `DocumentError`."""
    if not source.recognised:
        how = "add the picture itself, not what it lies in" if source.depth else "add it again"
        raise NoTextError(f"{source.name} is a picture. {NOT_RECOGNISED}: {how}.")
    frames = getattr(open_image(source.data, source.name), "n_frames", 1)
    if frames > MOST_FRAMES:
        raise ExtractionLimitError(
            f"{source.name} has {frames:,} pages, more than the limit of {MOST_FRAMES:,}: split it into smaller"
            " files."
        )
    return Extracted(tuple(("", str(number)) for number in range(1, frames + 1)), scans=tuple(range(frames)))
