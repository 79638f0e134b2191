"""`wholedoc watch`: reads what is in folders, and what comes into them."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import LIBRARY, MODEL, settings_from, shared
from .printing.terminal import say

if TYPE_CHECKING:
    from ..library import Library


@click.command()
@click.argument("folders", nargs=-1, metavar="[FOLDER]...", type=click.Path(path_type=Path))
@click.option("--once", is_flag=True, help="Read what is there now, and end.")
@click.option("--list", "listed", is_flag=True, help="Show the folders that are watched, and end.")
@click.option(
    "--forget", is_flag=True, help="Watch these folders no longer, and end. Their documents stay in the library."
)
@shared(*MODEL, LIBRARY)
def watch(folders: tuple[Path, ...], once: bool, listed: bool, forget: bool, **given: Any) -> None:
    """Read the files of FOLDERs into the library, and those that come or change, until Ctrl-C.

    The folders are remembered: without a FOLDER, those that were watched before are. Links are not followed, and
    what is removed from a folder stays in the library.
    """
    from ..library import Library
    from ..watching import prepared
    from .printing.progress import tell

    if forget and not folders:
        raise click.UsageError("--forget takes the folders to watch no longer")
    library = Library.open(settings=settings_from(given), notify=tell)
    if forget:
        _forget(library, folders)
    if listed:
        _list(library)
    if forget or listed:
        return
    paths = [prepared(library.folder, one) for one in folders]
    paths = paths or [Path(one.path) for one in library.folder.watched.all()]
    if not paths:
        raise click.UsageError("no folder is watched yet: name one")
    with suppress(OSError, AttributeError):
        os.nice(10)  # whoever asks in another program has the processor first
    _watch(library, list(dict.fromkeys(paths)), once)


def _watch(library: Library, paths: list[Path], once: bool) -> None:
    """Watch every folder in a thread of its own. Raises the first error of one."""
    from ..watching import FolderWatcher

    stop = threading.Event()
    errors: list[Exception] = []

    def run(path: Path) -> None:
        try:
            FolderWatcher(lambda: library, path, lambda happened: say(str(happened))).run(stop, once=once)
        except Exception as error:
            errors.append(error)
            stop.set()

    for path in paths:
        say(f"{'reading' if once else 'watching'} {path}", err=True)
    threads = [threading.Thread(target=run, args=(path,), name=f"watch {path}") for path in paths]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]


def _list(library: Library) -> None:
    for one in library.folder.watched.all():
        read = sum(bool(file.document_id) for file in one.files)
        say(f"{one.path}: {read} of {len(one.files)} files read")
        for file in one.files:
            if file.problem:
                say(f"  not read: {file.path} ({file.problem})")


def _forget(library: Library, folders: tuple[Path, ...]) -> None:
    for folder in folders:
        known = library.folder.watched.remove(folder.expanduser().resolve())
        say(f"{folder} is {'no longer' if known else 'not'} watched")
