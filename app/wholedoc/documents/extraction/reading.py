"""Which reader reads which kind of file. A format's library is imported when a file of that kind comes."""

from __future__ import annotations

from ...errors import DocumentError, UnreadableFileError
from ..formats import FileKind
from .pages.extracted import Extracted
from .source import Source


def read(source: Source) -> Extracted:
    """Read a file of any kind. Raises `DocumentError`, and `MemoryError` beyond the process's limit."""
    if source.kind is FileKind.PDF:
        return _read_pdf(source)
    try:
        return _read_other(source)
    except (DocumentError, MemoryError):
        raise
    except RecursionError as error:
        raise UnreadableFileError(f"{source.name} is nested too deeply to be read: save it anew.") from error
    except Exception as error:  # formats' libraries raise whatever a damaged file leads them to
        raise source.damaged(error) from error


def _read_pdf(source: Source) -> Extracted:
    from .pdf.extract import read_pdf
    from .pdf.readers import PdfRequest

    _harden_pypdf()
    return read_pdf(PdfRequest(source.data, source.name, source.password, source.limits, source.recognised))


def _read_other(source: Source) -> Extracted:
    match source.kind:
        case FileKind.HTML:
            from .text.html import read_html

            return read_html(source.data, source.name)
        case FileKind.WEB_PAGE:
            from .text.web_page import read_fetched_page

            return read_fetched_page(source.data, source.name)
        case FileKind.MARKDOWN:
            from .text.plain import read_markdown

            return read_markdown(source.data, source.name)
        case FileKind.TEXT:
            from .text.plain import read_text

            return read_text(source.data, source.name)
        case FileKind.IMAGE:
            from .picture import read_picture

            return read_picture(source)
        case FileKind.CSV:
            from .text.separated import read_csv

            return read_csv(source.data, source.name)
        case FileKind.EMAIL:
            from .text.mail import read_mail

            return read_mail(source)
        case _:
            from .zipped.archive import read_archive

            return read_archive(source)


def _harden_pypdf() -> None:
    """Keep pypdf from running another program (jbig2dec); pypdf 6 has no such setting."""
    import pypdf

    overwrite = getattr(pypdf, "overwrite_configuration", None)
    if overwrite is not None:
        overwrite(jbig2dec_binary=None, disable_legacy_handling=True)
