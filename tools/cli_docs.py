"""`--help` of every command as one document: `python -m tools.cli_docs` writes docs/cli.md.

A test compares the file with what this makes, so that it says what the commands do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from wholedoc.cli import cli

PATH = Path(__file__).parents[1] / "docs" / "cli.md"
# Whatever terminal it is made in, lines are wrapped at so many columns.
COLUMNS = 100
_HEAD = """# Commands

What `wholedoc COMMAND --help` says, of every command. This file is made from the program: `make cli-docs` writes it
anew, and the tests fail where it is not up to date.
"""


def cli_docs() -> str:
    """Return the document, as Markdown."""
    top = _context(cli, "wholedoc", None)
    return "\n".join((_HEAD, *(_section(context) for context in _contexts(top))))


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    command._help_option = None  # click keeps the one of the first context, which may have been without a parent
    return click.Context(command, parent, info_name=name, **{**command.context_settings, "terminal_width": COLUMNS})


def _contexts(context: click.Context) -> Iterator[click.Context]:
    """Yield the context of a command, and those of the commands below it."""
    yield context
    command = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from _contexts(_context(below, name, context))


def _section(context: click.Context) -> str:
    text = "\n".join(line.rstrip() for line in context.get_help().splitlines())
    return f"## {context.command_path}\n\n```\n{text}\n```\n"


def main() -> None:
    PATH.write_text(cli_docs(), encoding="utf-8")


if __name__ == "__main__":
    main()
