"""The frames of a picture file as pages: a TIFF of a scanner may have many."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

from ...errors import ExtractionLimitError, NoSuchPageError, UnreadableFileError
from ..extraction.filetype import HEAD_BYTES, detect
from ..formats import FileKind
from .limits import RenderingLimits

MOST_FRAMES = 2000
MOST_PIXELS = 150_000_000
_ORIENTATION = 0x0112
_ON_ITS_SIDE = range(5, 9)


def is_picture(path: Path) -> bool:
    """Return whether a file is a picture, by its first bytes; False where it cannot be opened."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    try:
        return detect(head, path.suffix.lower(), path.name) is FileKind.IMAGE
    except UnreadableFileError:
        return False


def draw_frame(path: Path, name: str, page: int, width: int, limits: RenderingLimits) -> Any:
    """Draw frame `page`, counted from 1, as a page is drawn. Raises `DocumentError`."""
    image = open_image(path.read_bytes(), name)
    count = getattr(image, "n_frames", 1)
    if page > count:
        pages = "only 1 page" if count == 1 else f"only {count:,} pages"
        raise NoSuchPageError(f"{name} has {pages}, so there is no page {page:,}: ask for an earlier one.")
    shown = frame(image, page - 1, name)
    smaller = min(width / shown.width, math.sqrt(limits.pixels / (shown.width * shown.height)))
    size = [max(min(int(side * smaller), limits.side), 1) for side in shown.size]
    return shown.resize(tuple(size))


def frame_sizes(path: Path, name: str, most: int) -> list[tuple[int, int]]:
    """Return the width and height of the first `most` frames in pixels, upright. Raises `DocumentError`."""
    image = open_image(path.read_bytes(), name)
    sizes = []
    for index in range(min(getattr(image, "n_frames", 1), most)):
        try:
            image.seek(index)
            turned = image.getexif().get(_ORIENTATION, 1) in _ON_ITS_SIDE
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise _damaged(name) from error
        sizes.append(image.size[::-1] if turned else image.size)
    return sizes


def open_image(data: bytes, name: str) -> Any:
    """Open a picture with Pillow. Raises `UnreadableFileError`, and `ExtractionLimitError` for a huge one."""
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow refuses twice as many
    try:
        return Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "TIFF"))
    except Image.DecompressionBombError as error:
        raise _too_large(name) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise _damaged(name) from error


def frame(image: Any, index: int, name: str) -> Any:
    """Return a frame (0-based) upright, in RGB, on white. Raises what `open_image` raises."""
    from PIL import Image, ImageOps

    try:
        image.seek(index)
        image.load()
        upright = ImageOps.exif_transpose(image).convert("RGBA")
    except Image.DecompressionBombError as error:
        raise _too_large(name) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise _damaged(name) from error
    white = Image.new("RGBA", upright.size, "white")
    return Image.alpha_composite(white, upright).convert("RGB")


def _too_large(name: str) -> ExtractionLimitError:
    return ExtractionLimitError(f"{name} has more than {MOST_PIXELS:,} pixels: save it smaller.")


def _damaged(name: str) -> UnreadableFileError:
    return UnreadableFileError(f"{name} is damaged: fetch the file again, or save it anew.")
