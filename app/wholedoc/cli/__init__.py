"""The command line, one file a command. May import everything of wholedoc.

Heavy imports wait until a command needs them, so that --help answers at once.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
from importlib.metadata import EntryPoints, entry_points

import click

from ..models.quiet import quiet_quantisers
from ..runtime.malloc import give_back_regularly, limit_arenas
from ..runtime.openmp import wait_asleep
from .add import add
from .ask import ask
from .cluster_heads import cluster_heads
from .doctor import doctor
from .models import models
from .printing.terminal import say
from .retrieval_heads import find_retrieval_heads
from .serving.cluster import cluster
from .serving.mcp import mcp
from .serving.serve import serve
from .serving.users import users
from .show import show
from .upkeep import library_commands, list_documents, remove
from .watch import watch

# The engine's errors that bad input causes. They carry no exit code, unlike wholedoc's own errors, and are
# listed by name so that torch need not be imported here.
BAD_INPUT = frozenset(
    {
        "WindowError",
        "MemoryPlanError",
        "LayoutError",
        "UnsupportedModelError",
        "WeightsError",
        "ClusterError",
        "HeadsError",
    }
)


class Commands(click.Group):
    """The commands here, and those that other packages add through entry points, as the browser app does."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted({*super().list_commands(context), *(one.name for one in _added_commands())})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        known = super().get_command(context, name)
        return known or next((one.load() for one in _added_commands() if one.name == name), None)


def _added_commands() -> EntryPoints:
    return entry_points(group="wholedoc.commands")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="wholedoc")
@click.option("--debug", is_flag=True, help="Show a traceback when something goes wrong.")
def cli(debug: bool) -> None:
    """Ask a whole document, on your own machine, with nothing retrieved."""


for command in (
    add,
    watch,
    ask,
    show,
    list_documents,
    remove,
    library_commands,
    models,
    doctor,
    serve,
    cluster,
    users,
    mcp,
    cluster_heads,
    find_retrieval_heads,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line. Exits 0 when done, 2 on bad input or usage, 1 on anything else."""
    wait_asleep()  # no command has imported torch yet
    quiet_quantisers()
    limit_arenas()
    give_back_regularly()
    code = run(sys.argv[1:])
    with contextlib.suppress(BrokenPipeError):  # the reader of a pipe has closed it
        sys.stdout.flush()
        sys.stderr.flush()
    # An orderly exit takes half a second to free the model, and a person who pressed Ctrl-C should not wait for it.
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        ended = cli.main(arguments, prog_name="wholedoc", standalone_mode=False)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        say(shown.getvalue(), nl=False, err=True)
        return error.exit_code
    except SystemExit as end:  # raised on SIGTERM, so that a server cleans up
        return end.code if isinstance(end.code, int) else 0
    except (KeyboardInterrupt, click.Abort):
        say("stopped; what was read so far stays in the library", err=True)
        return 1
    except Exception as error:
        if "--debug" in arguments:
            traceback.print_exc()
        say(f"wholedoc: {_sentence(error)}", err=True)
        return _exit_code(error)
    return ended if isinstance(ended, int) else 0  # the code of click's Exit


def _sentence(error: Exception) -> str:
    from ..errors import explain

    unexpected = f"unexpected {type(error).__name__}: {error} (run `wholedoc --debug ...` for the details)"
    return explain(error) or unexpected


def _exit_code(error: Exception) -> int:
    from ..errors import WholedocError

    if isinstance(error, WholedocError):
        return error.exit_code
    return 2 if type(error).__name__ in BAD_INPUT else 1
