"""`wholedoc users`: who may use a server that was started with --users, and how much of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from ..options import JSON, shared
from ..printing.terminal import say, say_json

if TYPE_CHECKING:
    from ...storage.folder import LibraryFolder
    from ...storage.people.quota import Quota
    from ...storage.people.users import User

BOUNDS = (
    click.option(
        "--tokens-a-day",
        type=click.IntRange(0),
        metavar="N",
        help="Tokens that requests may take on one day (UTC): of documents, questions and answers.",
    ),
    click.option(
        "--bytes", "kept", type=click.IntRange(0), metavar="N", help="Bytes of the files that a user may keep."
    ),
)


@click.group()
def users() -> None:
    """Add, bound, show and remove the users of a server that was started with --users."""


@users.command()
@click.argument("name")
@click.option(
    "--shelf",
    "shelves",
    multiple=True,
    metavar="NAME",
    help="A shared shelf, whose documents its users see and add to (repeatable).",
)
@shared(*BOUNDS)
def add(name: str, shelves: tuple[str, ...], tokens_a_day: int | None, kept: int | None) -> None:
    """Add a user, or give one a new key, and print the key. It is shown this once; only a hash of it is kept.

    A user who gets a new key keeps their shared shelves unless --shelf names others, and their bounds unless others
    are given.
    """
    click.echo(_folder().users.add(name, shelves, _quota(tokens_a_day, kept)))


@users.command()
@click.argument("name", required=False)
@click.option("--everybody", is_flag=True, help="The bounds of all users who have none of their own.")
@shared(*BOUNDS)
@click.option("--reset", is_flag=True, help="Forget the bounds that are not given here.")
def quota(name: str | None, everybody: bool, tokens_a_day: int | None, kept: int | None, reset: bool) -> None:
    """Set how much a user may take, or everybody. Servers that run go by it within a second.

    A bound that is not given stays as it is.
    """
    if (name is None) is not everybody:
        raise click.UsageError("name a user, or say --everybody")
    bounds = _quota(tokens_a_day, kept)
    if name is None:
        _folder().users.bound_everybody(bounds, reset)
    else:
        _folder().users.bound(name, bounds, reset)


@users.command("list")
@JSON
def list_users(as_json: bool) -> None:
    """Show the users, the shelves that they share, and how much they take and may take."""
    folder = _folder()
    known = [_Shown.of(folder, one) for one in folder.users.all()]
    if as_json:
        say_json({"users": [asdict(one) for one in known]})
        return
    for one in known:
        say(one.line)
    if not known:
        say("there are no users; `wholedoc users add NAME` adds one")


@users.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove a user, whose key is refused from then on. Their documents stay."""
    _folder().users.remove(name)
    say(f"removed {name}")


@dataclass(frozen=True)
class _Shown:
    """A user, and how much they take: tokens today and bytes of files. None sets no bound."""

    name: str
    shelves: tuple[str, ...]
    tokens_today: int
    tokens_a_day: int | None
    bytes_kept: int
    bytes: int | None

    @classmethod
    def of(cls, folder: LibraryFolder, user: User) -> _Shown:
        bounds = folder.users.quota(user.name)
        return cls(
            user.name,
            user.shelves,
            folder.tokens.used(user.name),
            bounds.tokens_a_day,
            folder.shelves.bytes_of(user.name),
            bounds.bytes,
        )

    @property
    def line(self) -> str:
        shared_with = f" ({', '.join(self.shelves)})" if self.shelves else ""
        tokens = f"{self.tokens_today:,}{_of(self.tokens_a_day)} tokens today"
        return f"{self.name}{shared_with}: {tokens}, {self.bytes_kept:,}{_of(self.bytes)} bytes of files"


def _of(bound: int | None) -> str:
    return "" if bound is None else f" of {bound:,}"


def _folder() -> LibraryFolder:
    from ...storage.folder import LibraryFolder
    from ...storage.home import home

    return LibraryFolder(home())


def _quota(tokens_a_day: int | None, kept: int | None) -> Quota:
    from ...storage.people.quota import Quota

    return Quota(tokens_a_day, kept)
