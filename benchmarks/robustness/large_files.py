"""Large files of several formats, each with as much text as it says."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from itertools import count

# So many lines of different numbers are made, and said again and again.
LINES = 10_000


def separated_values(size: int) -> bytes:
    """Return lines of values, of about so many bytes."""
    lines = "".join(f"Vessel {n},came in,with {n * 7} crates,of salt\n" for n in range(LINES)).encode()
    return (lines * (size // len(lines) + 1))[:size]


def workbook(size: int) -> bytes:
    """Return a workbook whose cells hold about so many bytes. The file is smaller, as workbooks are compressed."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Harbour")
    written = 0
    for number in count():
        row = [f"Vessel {number}", "came in", f"with {number * 7} crates", "of salt"]
        written += sum(map(len, row))
        sheet.append(row)
        if written >= size:
            break
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def message(size: int) -> bytes:
    """Return an e-mail of so many bytes."""
    head = b"From: anna@harbour.example\nSubject: The log\nContent-Type: text/plain; charset=utf-8\n\n"
    return head + separated_values(size - len(head))


def archive(size: int) -> bytes:
    """Return a ZIP archive of five files that have so many bytes together, and are not compressed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as made:
        for number in range(5):
            made.writestr(f"{number}.csv", b"%d\n" % number + separated_values(size // 5))
    return file.getvalue()


def web_page(size: int) -> bytes:
    """Return a page of paragraphs, of about so many bytes."""
    return b"<p>" + separated_values(size * 4 // 5).replace(b"\n", b"</p>\n<p>")


LARGE_FILES: dict[str, Callable[[int], bytes]] = {
    "large.csv": separated_values,
    "large.txt": separated_values,
    "large.xlsx": workbook,
    "large.eml": message,
    "large.zip": archive,
    "large.html": web_page,
}
