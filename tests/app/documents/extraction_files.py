"""Small files for the extraction tests, written as raw bytes or with reportlab and pypdf."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Sequence

import pypdf
from reportlab.pdfgen import canvas

HELVETICA = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def text_pdf(pages: Iterable[Sequence[str]]) -> bytes:
    """Write a PDF with reportlab that has a page for each sequence of lines."""
    buffer = io.BytesIO()
    drawing = canvas.Canvas(buffer, pagesize=(612, 792))
    for lines in pages:
        for row, line in enumerate(lines):
            drawing.drawString(72, 720 - 14 * row, line)
        drawing.showPage()
    drawing.save()
    return buffer.getvalue()


def rewritten(data: bytes, **encryption: object) -> bytes:
    """Write `data` anew with pypdf, which puts the catalogue first, and encrypt it if arguments are given."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    if encryption:
        writer.encrypt(**encryption)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def raw_pdf(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """Write a PDF of these objects, numbered from 1; the first is the catalogue."""
    out = b"%PDF-1.7\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    return out + b"trailer\n<< /Root 1 0 R /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start)


def stream(data: bytes, entries: bytes = b"", compress: bool = False) -> bytes:
    if compress:
        data, entries = zlib.compress(data, 1), entries + b" /Filter /FlateDecode"
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data)


def one_page_pdf(content: bytes, *more: bytes, resources: bytes = b"", count: int = 1) -> bytes:
    """Write a PDF of one page: object 4 is its content, object 5 the font, and `more` objects follow."""
    return raw_pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count %d >>" % count,
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> %s >> >>" % resources,
            content,
            HELVETICA,
            *more,
        ]
    )


def show(text: bytes, size: int = 12) -> bytes:
    return b"BT /F1 %d Tf 72 700 Td (%s) Tj ET" % (size, text)
