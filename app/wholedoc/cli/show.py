"""`wholedoc show`: what a document is about, before the first question."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ..documents.document import place
from .options import JSON, LIBRARY, MODEL, PASSWORD, settings_from, shared
from .printing.terminal import say, say_json

if TYPE_CHECKING:
    from ..answer import Introduction


@click.command()
@click.argument("document", metavar="FILE_OR_ID")
@shared(PASSWORD, JSON, *MODEL, LIBRARY)
def show(document: str, password: str | None, as_json: bool, **given: Any) -> None:
    """Show what kind of document it is, a sentence on each section, and questions worth asking.

    The first time a model reads all sections and takes notes, which summaries use, too; then it comes at once.
    """
    from ..library import Library
    from .documents import resolve
    from .printing.progress import bars, tell

    library = Library.open(settings=settings_from(given), notify=tell)
    known = resolve(library, document, password)
    for warning in known.warnings:
        tell(f"{known.name}: {warning}")
    with bars() as shown:
        introduction = shown.follow(library.introduce(known))
    if as_json:
        say_json(asdict(introduction))
    else:
        _print(introduction)


def _print(introduction: Introduction) -> None:
    pages = f"{introduction.pages:,} page{'s' if introduction.pages != 1 else ''}"
    say(f"\n{introduction.document}", bold=True)
    say("  " + ", ".join(filter(None, (introduction.kind, pages))), dim=True)
    for section in introduction.sections:
        say(f"\n{section.title}", nl=False, fg="cyan")
        say(f"  {place(section.sentences[0].page_labels[0])}", dim=True)
        say(f"  {section.sentences[0].text}")
    if introduction.questions:
        say("\nWorth asking", bold=True)
    for question in introduction.questions:
        say(f"  {question}")
