"""Ask a whole document on your own machine, with nothing retrieved.

from wholedoc import Library

library = Library.open()
report = library.add("report.pdf")
answer = library.ask([report.id], "Who signed the contract?")
print(answer.text, [citation.page_label for citation in answer.citations])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .answer import (
        Answer,
        AskingParts,
        Citation,
        Cited,
        Done,
        Event,
        Everywhere,
        Expected,
        Introduction,
        Item,
        Planned,
        Reading,
        Rewritten,
        Scored,
        ScoredChunk,
        Scoring,
        SentenceSources,
        Timings,
        Token,
        Usage,
    )
    from .conversation import AskedDocument, Turn
    from .documents.document import Document
    from .errors import WholedocError
    from .everywhere.kinds import Kind, Scope
    from .library import Library
    from .settings import AnswerFrom, Settings
    from .storage.folder import DocumentInfo

# Where each public name lives: loaded when it is first used, since the library brings torch along, and the command
# line's help and the worker that parses documents want to do without.
_HOMES = {
    **dict.fromkeys(
        (
            "Answer",
            "AskingParts",
            "Citation",
            "Cited",
            "Done",
            "Event",
            "Everywhere",
            "Expected",
            "Introduction",
            "Item",
            "Planned",
            "Reading",
            "Rewritten",
            "Scored",
            "ScoredChunk",
            "Scoring",
            "SentenceSources",
            "Timings",
            "Token",
            "Usage",
        ),
        "answer",
    ),
    **dict.fromkeys(("Kind", "Scope"), "everywhere.kinds"),
    **dict.fromkeys(("AskedDocument", "Turn"), "conversation"),
    "Document": "documents.document",
    "WholedocError": "errors",
    "DocumentInfo": "storage.folder",
    "Library": "library",
    "AnswerFrom": "settings",
    "Settings": "settings",
}

__all__ = [
    "Answer",
    "AnswerFrom",
    "AskedDocument",
    "AskingParts",
    "Citation",
    "Cited",
    "Document",
    "DocumentInfo",
    "Done",
    "Event",
    "Everywhere",
    "Expected",
    "Introduction",
    "Item",
    "Kind",
    "Library",
    "Planned",
    "Reading",
    "Rewritten",
    "Scope",
    "Scored",
    "ScoredChunk",
    "Scoring",
    "SentenceSources",
    "Settings",
    "Timings",
    "Token",
    "Turn",
    "Usage",
    "WholedocError",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
