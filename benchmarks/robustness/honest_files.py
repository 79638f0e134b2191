"""One sound file of every format that is read, small enough to be damaged a thousand times."""

from __future__ import annotations

from ..sample import SAMPLES
from .office_files import office_files

_LINES = (
    "The lamp at Cold Point was lit on 211 nights before midsummer.",
    "Oil in hand at the end of June: 94 litres, at £3 a litre.",
    "The keeper's café closed at six; the pilots’ mess did not.",
    "A vessel that passes the mole at night shows two lights, or pays.",
) * 8
_TEXT = "The lamp trimmer's book\n\n" + "\n".join(_LINES)
_PAGES = "\f".join((_TEXT, *_LINES[:4]))
_MARKDOWN = (
    "---\ntitle: book\n---\n# The lamp trimmer's book\n\n"
    + "\n\n".join(f"## Night {number}\n\n- {line}\n\n```\n# no heading\n```" for number, line in enumerate(_LINES))
    + "\n\nThe end\n=======\n"
)
_ROWS = "".join(
    f"<h2>Night {number}</h2><p class='a'>{line} &amp; <b>no</b> more&nbsp;.</p>"
    f"<table><tr><td>{number}</td><td>lit<br>dark</td></tr></table><pre>  as {number}\n   is</pre>"
    for number, line in enumerate(_LINES)
)
_HTML = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"><title>The book</title><style>p > b {color: red}</style>'
    f"<script>if (1 < 2) go('</p>')</script></head><body><!-- one -->{_ROWS}</body></html>"
)
_XHTML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><head><title>b</title>'
    '<script src="a.js"/></head><body><p><![CDATA[a < b & c]]></p>'
    + "".join(f"<div><p>{line}<br/></p><![CDATA[{line}]]></div>" for line in _LINES)
    + "</body></html>"
)


def honest_files() -> dict[str, bytes]:
    """Return the files' contents by their names. `encrypted.pdf` opens with `PASSWORD`."""
    return {
        **{
            name: (SAMPLES / name).read_bytes()
            for name in ("short_notice.pdf", "encrypted.pdf", "scanned_page.pdf")
        },
        "page.html": _HTML.encode(),
        "page-16.htm": _HTML.encode("utf-16"),
        "page.xhtml": _XHTML.encode(),
        "book.md": _MARKDOWN.encode(),
        "book.txt": _TEXT.encode(),
        "pages.txt": _PAGES.encode(),
        "book-1252.txt": _TEXT.encode("cp1252"),
        "book-16.txt": _TEXT.encode("utf-16"),
        "book-32.txt": _TEXT.encode("utf-32"),
        "book-sig.txt": _TEXT.encode("utf-8-sig"),
        **office_files(),
    }


PASSWORD = "lighthouse"
