"""What a ZIP archive is: a document of some format, or an archive of files, which are read one after the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from ....errors import DocumentError, ExtractionLimitError, NoTextError, UnreadableFileError
from ...formats import FileKind, kind_of_suffix
from ..filetype import HEAD_BYTES, detect
from ..pages.clean import clean_line
from ..pages.combined import Combined
from ..pages.extracted import Extracted
from ..source import Source
from .package import Package

_MEDIA_TYPES = {
    b"application/vnd.oasis.opendocument.text": FileKind.ODT,
    b"application/vnd.oasis.opendocument.text-template": FileKind.ODT,
    b"application/epub+zip": FileKind.EPUB,
}
_OTHER_MEDIA_TYPES = {
    b"application/vnd.oasis.opendocument.spreadsheet": "an OpenDocument spreadsheet, which cannot be read: save it"
    " as .xlsx or .csv",
    b"application/vnd.oasis.opendocument.presentation": "an OpenDocument presentation, which cannot be read: save"
    " it as .pptx or PDF",
}
_MAIN_PART = re.compile(rb'ContentType="application/vnd\.([\w.+-]{1,120})\.main(?:\+xml)?"')
_MAIN_PARTS = {
    b"wordprocessingml.document": FileKind.DOCX,
    b"presentationml.presentation": FileKind.PPTX,
    b"spreadsheetml.sheet": FileKind.XLSX,
}
# What programs put into archives beside people's files.
_CLUTTER = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$|~\$)", re.IGNORECASE)
_MOST_NAMED = 10


def read_archive(source: Source) -> Extracted:
    """Read a file that is a ZIP archive, whatever it is called. Raises `DocumentError`."""
    package = Package(source)
    match _kind(package):
        case FileKind.DOCX:
            from .docx import read_docx

            return read_docx(package)
        case FileKind.PPTX:
            from .pptx import read_pptx

            return read_pptx(package)
        case FileKind.XLSX:
            from .xlsx import read_xlsx

            return read_xlsx(package)
        case FileKind.ODT:
            from .odt import read_odt

            return read_odt(package)
        case FileKind.EPUB:
            from .epub import read_epub

            return read_epub(package)
        case _:
            return _read_files(package)


def _kind(package: Package) -> FileKind:
    """Tell the format by what the archive holds. Raises `UnreadableFileError` for one that is not read."""
    media_type = (package.get("mimetype") or b"")[:200].strip() if "mimetype" in package.entries else b""
    if (kind := _MEDIA_TYPES.get(media_type)) is not None:
        return kind
    if (other := _OTHER_MEDIA_TYPES.get(media_type)) is not None:
        raise UnreadableFileError(f"{package.source.name} is {other}.")
    if "META-INF/container.xml" in package.entries and "content.xml" not in package.entries:
        return FileKind.EPUB  # a book without the file that should say so
    if "[Content_Types].xml" not in package.entries:
        return _unnamed_kind(package)
    for main in _MAIN_PART.findall(package.read("[Content_Types].xml")):
        if (kind := _MAIN_PARTS.get(main.removeprefix(b"openxmlformats-officedocument."))) is not None:
            return kind
        if b"macroEnabled" in main or b"template" in main or b"slideshow" in main or b"binary" in main:
            raise UnreadableFileError(
                f"{package.source.name} is an Office file with macros, a template, or of another kind that cannot"
                " be read: save it as .docx, .pptx or .xlsx."
            )
    return _unnamed_kind(package)


def _unnamed_kind(package: Package) -> FileKind:
    """Return ZIP, unless the file is named as something that it is not: then it is damaged."""
    name = package.source.name
    kind = kind_of_suffix(PurePosixPath(name).suffix.lower())
    if kind in (FileKind.DOCX, FileKind.PPTX, FileKind.XLSX, FileKind.ODT, FileKind.EPUB):
        raise package.source.damaged("what such a file must hold is not in it")
    return FileKind.ZIP


def _read_files(package: Package) -> Extracted:
    """Read all files of an archive as one document. Those that cannot be read are named in a warning."""
    combined = Combined()
    refused: list[DocumentError] = []
    for number, path in enumerate(_files(package)):
        data = package.read(path)
        try:
            inner = _file(package, path, data)
            combined.add(_read_file(inner), number, inner.name)
        except ExtractionLimitError as error:  # what is in it counts for the whole
            raise ExtractionLimitError(f"{package.source.name}: {error}") from error
        except DocumentError as error:
            refused.append(error)
    if not combined.pages:
        raise _nothing(package, refused)
    combined.warnings[:0] = _not_read(refused)
    return combined.extracted()


def files_in(source: Source) -> Callable[[int], Source]:
    """Open an archive of files; return what gives the file with a number (0-based), as a source of its own.

    Both raise `DocumentError`, and the second KeyError for a number that no file has.
    """
    package = Package(source)
    files = dict(enumerate(_files(package)))
    return lambda number: _file(package, files[number], package.read(files[number]))


def _files(package: Package) -> list[str]:
    return sorted(name for name in package.entries if not _CLUTTER.search(name))


def _file(package: Package, path: str, data: bytes) -> Source:
    shown = clean_line(path) or "a file without a name"
    if not data:
        raise NoTextError(f"{shown} is empty.")
    kind = detect(data[:HEAD_BYTES], PurePosixPath(path).suffix.lower(), shown)
    return package.source.inside(data, shown, kind)


def _read_file(source: Source) -> Extracted:
    one = source.read(source)
    if not any(text.strip() for text, _ in one.pages) and not (one.scans and source.recognised):
        raise NoTextError(f"{source.name} has no text.")
    return one


def _not_read(refused: list[DocumentError]) -> list[str]:
    if not refused:
        return []
    files = "1 file in it was" if len(refused) == 1 else f"{len(refused):,} files in it were"
    named = " ".join(map(str, refused[:_MOST_NAMED]))
    more = f" And {len(refused) - _MOST_NAMED:,} more." if len(refused) > _MOST_NAMED else ""
    return [f"{files} not read: {named}{more}"]


def _nothing(package: Package, refused: list[DocumentError]) -> DocumentError:
    name = package.source.name
    if not refused:
        return NoTextError(f"{name} has no files in it, so there is nothing to ask about.")
    return NoTextError(f"{name} has no file that can be read. {refused[0]}")
