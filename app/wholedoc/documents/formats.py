"""The formats that are read: the one list that the commands, the server, the browser app and extraction go by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class FileKind(Enum):
    """The kinds of file that can be read."""

    PDF = auto()
    DOCX = auto()
    PPTX = auto()
    XLSX = auto()
    ODT = auto()
    EPUB = auto()
    EMAIL = auto()
    HTML = auto()
    MARKDOWN = auto()
    TEXT = auto()
    CSV = auto()
    ZIP = auto()
    IMAGE = auto()
    WEB_PAGE = auto()
    """HTML that was fetched from the web. It is no format of its own: nobody names a file as one."""


@dataclass(frozen=True)
class Format:
    """A format: what people call it, its suffixes (the first is the usual one), and its media types."""

    kind: FileKind
    name: str
    suffixes: tuple[str, ...]
    media_types: tuple[str, ...]


_OOXML = "application/vnd.openxmlformats-officedocument."

FORMATS = (
    Format(FileKind.PDF, "PDF", (".pdf",), ("application/pdf",)),
    Format(FileKind.DOCX, "Word (.docx)", (".docx",), (f"{_OOXML}wordprocessingml.document",)),
    Format(FileKind.PPTX, "PowerPoint (.pptx)", (".pptx",), (f"{_OOXML}presentationml.presentation",)),
    Format(FileKind.XLSX, "Excel (.xlsx)", (".xlsx",), (f"{_OOXML}spreadsheetml.sheet",)),
    Format(FileKind.ODT, "OpenDocument text (.odt)", (".odt",), ("application/vnd.oasis.opendocument.text",)),
    Format(FileKind.EPUB, "EPUB", (".epub",), ("application/epub+zip",)),
    Format(FileKind.EMAIL, "e-mail (.eml)", (".eml",), ("message/rfc822",)),
    Format(FileKind.HTML, "HTML", (".html", ".htm", ".xhtml"), ("text/html", "application/xhtml+xml")),
    Format(FileKind.MARKDOWN, "Markdown", (".md", ".markdown"), ("text/markdown",)),
    Format(FileKind.TEXT, "text", (".txt", ".text"), ("text/plain",)),
    Format(FileKind.CSV, "CSV", (".csv", ".tsv"), ("text/csv", "text/tab-separated-values")),
    Format(
        FileKind.IMAGE,
        "pictures (.png, .jpg, .tiff; with the extra ocr)",
        (".png", ".jpg", ".jpeg", ".tif", ".tiff"),
        ("image/png", "image/jpeg", "image/tiff"),
    ),
    Format(FileKind.ZIP, "ZIP archives of these", (".zip",), ("application/zip", "application/x-zip-compressed")),
)

TEXT_KINDS = frozenset(
    (FileKind.EMAIL, FileKind.HTML, FileKind.MARKDOWN, FileKind.TEXT, FileKind.CSV),
)
"""Kinds whose files are text, which only their suffix tells apart."""


def suffixes() -> list[str]:
    """Return the suffixes of all files that can be read, as a browser's file dialog wants them."""
    return [suffix for one in FORMATS for suffix in one.suffixes]


def kind_of_suffix(suffix: str) -> FileKind | None:
    """Return the kind that a suffix (".md", in lower case) stands for, or None."""
    return next((one.kind for one in FORMATS if suffix in one.suffixes), None)


def suffix_of_media_type(media_type: str | None) -> str:
    """Return the usual suffix of a media type, whose parameters do not matter; "" for one that is not known."""
    bare = (media_type or "").split(";")[0].strip().lower()
    return next((one.suffixes[0] for one in FORMATS if bare in one.media_types), "")


def names() -> str:
    """Return the names of all formats, as a sentence lists them."""
    *most, last = (one.name for one in FORMATS)
    return f"{', '.join(most)} and {last}"
