"""Pages as a scanner would see them: printed, laid down askew, with noise and a little blur, one JPEG for each."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

DPI = 200
TILT = 1.0  # degrees
_NOISE = 18.0  # standard deviation, of 255
_BLUR = 0.6  # pixels
_JPEG_QUALITY = 60


def scan(pdf: Path, pages: range) -> bytes:
    """Return a PDF of pictures of some pages (0-based) of a PDF, tilted by one degree, noisy, at 200 dpi."""
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen import canvas

    buffer = io.BytesIO()
    drawing = canvas.Canvas(buffer, invariant=True)
    for picture in scanned_pictures(pdf, pages):
        width, height = (side * 72 / DPI for side in picture.size)
        packed = io.BytesIO()
        picture.save(packed, "JPEG", quality=_JPEG_QUALITY)
        drawing.setPageSize((width, height))
        drawing.drawImage(ImageReader(packed), 0, 0, width, height)
        drawing.showPage()
    drawing.save()
    return buffer.getvalue()


def scanned_pictures(pdf: Path, pages: range) -> list[Any]:
    """Return the pictures of some pages, in grey. The noise is the same each time."""
    import numpy as np
    import pypdfium2
    from PIL import Image, ImageFilter

    chance = np.random.default_rng(8)
    document = pypdfium2.PdfDocument(pdf)
    pictures = []
    for index in pages:
        page = document[index].render(scale=DPI / 72, grayscale=True).to_pil()
        turned = page.rotate(TILT, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
        blurred = np.asarray(turned.filter(ImageFilter.GaussianBlur(_BLUR)), dtype=np.float32)
        noisy = blurred * 0.92 + 8 + chance.normal(0, _NOISE, blurred.shape)
        pictures.append(Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)))
    return pictures
