"""Errors that a person can cause: each says what is wrong and what to do, and knows its exit code."""

from __future__ import annotations

import errno


class WholedocError(Exception):
    """Base of every error shown to a person without a traceback."""

    exit_code = 1


class DocumentError(WholedocError):
    """A file that cannot be read as a document."""

    exit_code = 2


class UnreadableFileError(DocumentError):
    """The file is missing, empty, damaged, or not of a supported type."""


class PasswordError(DocumentError):
    """The file is encrypted, and no password or a wrong one was given."""


class ExtractionLimitError(DocumentError):
    """Reading the file took more time or memory than allowed."""


class NoTextError(DocumentError):
    """The file has pages but no text at all (a scan)."""


class PageError(DocumentError):
    """A web page that cannot be fetched, or that is not fetched since its address is not public."""


class NoSuchPageError(DocumentError):
    """The file has fewer pages than the one asked for."""


class TextError(DocumentError):
    """Text from a program that is none: half characters, or the raw bytes of a file."""


class FolderError(WholedocError):
    """A folder that cannot be watched: it is none, the library's own, or watched already."""

    exit_code = 2


class UserError(WholedocError):
    """A user of a server who does not exist, whose name is none, or whose file is damaged."""

    exit_code = 2


class QuotaError(WholedocError):
    """A request that would take more of a server than its user may have."""


class TokenQuotaError(QuotaError):
    """A request that may take `needed` tokens, of which `left` of the user's `most` are left for today.

    `free_at` is when the next day begins, in seconds since 1970, which is in `wait_s` seconds.
    """

    def __init__(self, needed: int, left: int, most: int, free_at: float, wait_s: float) -> None:
        super().__init__(
            f"this takes up to {needed:,} tokens, and {left:,} of the {most:,} that you have for a day are left: "
            + (
                f"ask again after midnight UTC, in {wait_s / 3600:.1f} hours, or for a shorter answer (max_tokens)"
                if needed <= most
                else "ask about fewer or shorter documents, or whoever runs the server for a higher bound"
            )
        )
        self.free_at = free_at
        self.wait_s = wait_s


class ShelfQuotaError(QuotaError):
    """A file with which a user would keep more bytes than they may."""

    def __init__(self, size: int, kept: int, most: int) -> None:
        super().__init__(
            f"the file has {size / 1e6:,.1f} MB, and your files take {kept / 1e6:,.1f} of the {most / 1e6:,.1f} MB "
            "that you may keep: delete some, or ask whoever runs the server for a higher bound"
        )


class LibraryError(WholedocError):
    """The library's folder cannot be used: not writable, full, or made by a newer version."""


class EncryptionError(LibraryError):
    """The library is encrypted and the key is missing or another one, or a key is given for one in the clear."""

    exit_code = 2


class StoreError(LibraryError):
    """The object store that holds chunks and documents cannot be reached, refuses, or is named wrongly."""


class ModelError(WholedocError):
    """A model that cannot be fetched, found, loaded or used."""

    exit_code = 2


class WriterError(WholedocError):
    """The program that writes answers cannot be reached, refuses, or answers nonsense."""


class NoWriterError(WholedocError):
    """What is asked needs a model that writes, and there is none."""

    exit_code = 2


class QuestionError(WholedocError):
    """A question that cannot be asked: empty, or too long for the model."""

    exit_code = 2


class PromptError(WholedocError):
    """A program's request asks for something that cannot be done: an image, a link to fetch, an unknown option."""

    exit_code = 2


class UnknownDocumentError(WholedocError):
    """A name that is neither a file nor a document of the library."""

    exit_code = 2


def explain(error: Exception) -> str | None:
    """Return the sentence for a person if a person can cause this error, else None.

    The engine's errors are known by the module that they come from, so that torch need not be imported.
    """
    known = isinstance(error, WholedocError) or type(error).__module__.startswith("parallelcomp")
    return str(error) if known else None


def storage_error(folder: object, error: OSError) -> LibraryError:
    """Return what an error of the operating system means for a person."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return LibraryError(
            f"the disk of the library {folder} is full: free some space, remove documents with `wholedoc remove`, "
            "or set WHOLEDOC_HOME to another disk; what was read so far is kept"
        )
    return LibraryError(
        f"cannot write to the library {folder} ({error.strerror or error}): make it writable, or set "
        "WHOLEDOC_HOME to a folder that is"
    )
