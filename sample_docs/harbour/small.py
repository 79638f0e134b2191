"""The two awkward files: one with a page that is only a picture, and one behind a password."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from reportlab import rl_config
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from harbour.layout import MARGIN, PAGE

PASSWORD = "lighthouse"
_TYPED = (
    "Letter book of the lamp trimmer",
    "",
    "The first leaf was typed again for this copy and can be read as text.",
    "The second leaf is a picture of the page, with no text behind it.",
    "A reader without eyes will find nothing there, and ought to say so.",
    "",
    "The lamp at Cold Point was lit on 211 nights before midsummer.",
    "Oil in hand at the end of June: 94 litres.",
)
_SCANNED = (
    "Leaf 2",
    "",
    "The lamp at North Mole was dark for one hour",
    "on 3 August while the wick was changed.",
    "",
    "No vessel asked for it.",
    "Signed, the trimmer.",
)
_LOCKED = (
    "Keys held by the night watch",
    "",
    "The key of the powder store hangs behind the almanac.",
    "The key of the lock house is with the keeper on duty.",
    "The spare key of the signal station is number 37.",
)


def scanned_page() -> bytes:
    """One page of text, then one page that is an image of text."""
    out = io.BytesIO()
    canvas = _canvas(out, "Letter book", None)
    _type(canvas, _TYPED)
    canvas.showPage()
    canvas.drawImage(ImageReader(_picture(_SCANNED)), 0, 0, *PAGE)
    canvas.showPage()
    return _saved(canvas, out)


def encrypted() -> bytes:
    """One page that opens with the user password and no other way."""
    out = io.BytesIO()
    # RC4 takes its key from the password and the file's fixed id; AES would draw fresh random bytes each time
    lock = StandardEncryption(PASSWORD, ownerPassword="keeper of the " + PASSWORD, strength=128)
    canvas = _canvas(out, "Keys", lock)
    _type(canvas, _LOCKED)
    canvas.showPage()
    return _saved(canvas, out)


def _canvas(out: io.BytesIO, title: str, lock: StandardEncryption | None) -> Any:
    canvas = Canvas(out, pagesize=PAGE, invariant=1, pageCompression=1, encrypt=lock)
    canvas.setTitle(title)
    canvas.setAuthor("Ostrevane Harbour Authority")
    canvas.setCreator("wholedoc sample_docs")
    return canvas


def _saved(canvas: Any, out: io.BytesIO) -> bytes:
    kept, rl_config.useA85 = rl_config.useA85, 0
    try:
        canvas.save()
    finally:
        rl_config.useA85 = kept
    return out.getvalue()


def _type(canvas: Any, lines: Sequence[str]) -> None:
    height = PAGE[1] - 34 * mm
    for number, line in enumerate(lines):
        canvas.setFont("Helvetica-Bold" if number == 0 else "Times-Roman", 15 if number == 0 else 10.6)
        canvas.drawString(MARGIN, height, line)
        height -= 16


def _picture(lines: Sequence[str]) -> Image.Image:
    page = Image.new("L", (874, 1240), 255)
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        draw.text((118, 200 + 46 * number), line, fill=20, font=ImageFont.load_default(size=30))
    # black and white, as an office scanner would leave it
    return page.point(lambda grey: 255 if grey > 128 else 0).convert("1")
