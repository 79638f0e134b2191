"""Pictures as documents: a page for each frame, whose text is recognised later."""

from __future__ import annotations

from ...errors import ExtractionLimitError, NoTextError
from ..recognition import NOT_RECOGNISED
from ..recognition.scan import scans_of
from ..rendering.frames import MOST_FRAMES, open_image
from .pages.extracted import Extracted
from .source import Source


def read_picture(source: Source) -> Extracted:
    """Return the pages of a picture without their text. Raises `DocumentError`."""
    if not source.recognised:
        raise NoTextError(f"{source.name} is a picture. {NOT_RECOGNISED}: add it again then.")
    frames = getattr(open_image(source.data, source.name), "n_frames", 1)
    if frames > MOST_FRAMES:
        raise ExtractionLimitError(
            f"{source.name} has {frames:,} pages, more than the limit of {MOST_FRAMES:,}: split it into smaller"
            " files."
        )
    return Extracted(
        tuple(("", str(number)) for number in range(1, frames + 1)), scans=scans_of(list(range(frames)))
    )
