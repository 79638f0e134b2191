"""`wholedoc list`, `remove` and `library`: show what the library holds, remove documents, and check the files."""

from __future__ import annotations

from dataclasses import asdict

import click

from .options import JSON
from .printing.terminal import say, say_json


@click.command("list")
@JSON
@click.option("--texts", is_flag=True, help="Show also the texts that programs have sent.")
def list_documents(as_json: bool, texts: bool) -> None:
    """Show the documents of the library, their size, and what is warm (need not be read again)."""
    from ..library import Library

    library = Library.open()
    sent = library.texts()
    shelf = [*library.documents(), *(sent if texts else ())]
    if as_json:
        say_json({"documents": [asdict(one) for one in shelf]})
        return
    for one in shelf:
        if one.warm == 1:
            state = "warm"
        elif one.warm > 0:
            state = f"{one.warm:.0%} read"
        else:
            state = "not read"
        size = f"{one.bytes / 1e6:,.0f} MB" if one.bytes else "no KV"
        read_by = f", read by {', '.join(one.models)}" if one.models else ""
        say(f"{one.id[:12]}  {one.name}: {_pages(one.pages)}, {one.tokens:,} tokens, {size}, {state}{read_by}")
    if sent and not texts:
        count = f"{len(sent)} text{'s' if len(sent) != 1 else ''}"
        say(f"and {count} that programs have sent: `wholedoc list --texts` shows them")
    elif not shelf:
        say("the library is empty; `wholedoc add FILE` puts a document in")


@click.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
def remove(ids: tuple[str, ...]) -> None:
    """Remove documents, and the chunks that no other document shares."""
    from ..library import Library

    library = Library.open()
    for id in ids:
        say(f"removed {library.remove(id).name}")


@click.group("library")
def library_commands() -> None:
    """Upkeep of the library on disk."""


@library_commands.command()
def verify() -> None:
    """Check every chunk against its checksum; damaged ones are removed and read again when needed."""
    from ..library import Library

    found = Library.open().folder.verify()
    if not found.damaged:
        say(f"{found.chunks:,} chunks, all sound")
        return
    hurt = f" of {', '.join(found.documents)}" if found.documents else ""
    say(f"{found.chunks:,} chunks, {len(found.damaged):,}{hurt} damaged and removed; they will be read again")


@library_commands.command()
def prune() -> None:
    """Remove chunks that no document needs, and what killed writers left behind."""
    from ..library import Library

    say(f"{Library.open().folder.prune() / 1e6:,.1f} MB set free")


@library_commands.command()
def encrypt() -> None:
    """Encrypt a library that is in the clear, with the key in $WHOLEDOC_ENCRYPTION_KEY or the file that
    $WHOLEDOC_ENCRYPTION_KEY_FILE names. End all other programs that use the library before.
    """
    from ..storage.folder import LibraryFolder
    from ..storage.home import home

    sealed = LibraryFolder(home()).encrypt()
    say(f"{sealed:,} files encrypted; what the disk still has of them in the clear is not overwritten")


def _pages(count: int) -> str:
    return f"{count} page{'s' if count != 1 else ''}"
