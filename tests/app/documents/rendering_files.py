"""Pages for the rendering tests, whose quote is red and all else black, and the ink that a picture shows."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import pypdf
from PIL import Image, ImageChops
from pypdf.generic import FloatObject, NameObject, RectangleObject
from reportlab.pdfgen import canvas

from wholedoc.documents.rendering import Box, PageImage

PAGE = (420, 595)
QUOTE = ["beyond the pier the seventh", "lamp was lit, (as they say)", "an hour before it was dark."]
AROUND = [
    "Of all the lamps in the harbour",
    *QUOTE,
    "Nobody could tell who had done",
    "such a thing at such an hour.",
]


def drawn(draw: Callable[[canvas.Canvas], None], size: tuple[float, float] = PAGE) -> bytes:
    buffer = io.BytesIO()
    paper = canvas.Canvas(buffer, pagesize=size)
    paper.setFont("Helvetica", 12)
    draw(paper)
    paper.showPage()
    paper.save()
    return buffer.getvalue()


def write(
    paper: canvas.Canvas, lines: Sequence[str], red: Sequence[str] = (), x: float = 90, y: float = 400
) -> None:
    for row, line in enumerate(lines):
        paper.setFillColorRGB(1 if line in red else 0, 0, 0)
        paper.drawString(x, y - 15 * row, line)


def quote_page() -> bytes:
    return drawn(lambda paper: write(paper, AROUND, red=QUOTE))


def changed(
    data: bytes, *, rotate: int = 0, crop: tuple[float, float, float, float] | None = None, user_unit: float = 1
) -> bytes:
    """Turn the first page clockwise, crop it to (left, bottom, right, top) in points, and set its length unit."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    page = writer.pages[0]
    page.rotate(rotate)
    if crop:
        page.cropbox = RectangleObject(crop)
    page[NameObject("/UserUnit")] = FloatObject(user_unit)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def opened(image: PageImage) -> Image.Image:
    picture = Image.open(io.BytesIO(image.content))
    picture.load()
    return picture.convert("RGB")


def red_and_black(image: PageImage, boxes: Sequence[Box] | None = None) -> tuple[int, int]:
    """Count the pixels of red ink and of black ink on the whole picture, or in the boxes only."""
    picture = opened(image)
    if boxes is not None:
        blank = Image.new("RGB", picture.size, "white")
        for box in boxes:
            place = _pixels(box, image)
            blank.paste(picture.crop(place), place)
        picture = blank
    red, green, _ = picture.split()
    is_ink = green.point(lambda value: 255 if value < 160 else 0)
    is_red = ImageChops.subtract(red, green).point(lambda value: 255 if value > 60 else 0)
    reds = ImageChops.multiply(is_ink, is_red).histogram()[255]
    return reds, is_ink.histogram()[255] - reds


def _pixels(box: Box, image: PageImage) -> tuple[int, int, int, int]:
    return (
        round(box.left * image.width),
        round(box.top * image.height),
        round((box.left + box.width) * image.width),
        round((box.top + box.height) * image.height),
    )
