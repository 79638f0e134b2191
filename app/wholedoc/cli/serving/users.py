"""`wholedoc users`: who may use a server that was started with --users, each with a key of their own."""

from __future__ import annotations

from dataclasses import asdict

import click

from ..options import JSON
from ..printing.terminal import say, say_json


@click.group()
def users() -> None:
    """Add, show and remove the users of a server that was started with --users."""


@users.command()
@click.argument("name")
@click.option(
    "--shelf",
    "shelves",
    multiple=True,
    metavar="NAME",
    help="A shared shelf, whose documents its users see and add to (repeatable).",
)
def add(name: str, shelves: tuple[str, ...]) -> None:
    """Add a user, or give one a new key, and print the key. It is shown this once; only a hash of it is kept.

    A user who gets a new key keeps their shared shelves unless --shelf names others.
    """
    from ...storage.folder import LibraryFolder
    from ...storage.home import home

    click.echo(LibraryFolder(home()).users.add(name, shelves))


@users.command("list")
@JSON
def list_users(as_json: bool) -> None:
    """Show the users and the shelves that they share."""
    from ...storage.folder import LibraryFolder
    from ...storage.home import home

    known = LibraryFolder(home()).users.all()
    if as_json:
        say_json({"users": [asdict(one) for one in known]})
        return
    for one in known:
        say(f"{one.name}{': ' if one.shelves else ''}{', '.join(one.shelves)}")
    if not known:
        say("there are no users; `wholedoc users add NAME` adds one")


@users.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove a user, whose key is refused from then on. Their documents stay."""
    from ...storage.folder import LibraryFolder
    from ...storage.home import home

    LibraryFolder(home()).users.remove(name)
    say(f"removed {name}")
