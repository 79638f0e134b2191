"""`wholedoc models`: the models that have a short name, fetched and removed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import JSON
from .printing.terminal import say, say_json

if TYPE_CHECKING:
    from ..models.catalogue import CatalogueModel
    from ..models.inventory import ModelHere
    from ..models.preparing import Preparing, Progress


@click.group("models", invoke_without_command=True)
@JSON
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the models that have a short name: size, role, what to expect, how fast they read here."""
    if context.invoked_subcommand is not None:
        return
    from ..models.inventory import models_here
    from ..storage.home import home

    listed = models_here(home())
    if as_json:
        say_json({"models": [_as_json(one) for one in listed]})
        return
    for one in listed:
        say(_in_words(one))


@models.command()
@click.argument("name")
@JSON
def fetch(name: str, as_json: bool) -> None:
    """Fetch a model and convert it. What has arrived is kept if this is stopped, and the next time goes on."""
    from ..models import held_models
    from ..models.catalogue import named_model

    model = named_model(name)
    with _shown(quiet=as_json) as progress:
        folder = held_models.hold(model, _folder(), progress)
    if as_json:
        say_json({**_describe(model), "folder": str(folder)})
        return
    say(f"{model.name} is ready: `--model {model.name}` uses it")


@models.command()
@click.argument("name")
@JSON
def remove(name: str, as_json: bool) -> None:
    """Remove a model, and what was fetched of it."""
    from ..models import held_models
    from ..models.catalogue import named_model

    model = named_model(name)
    freed = held_models.remove(model, _folder())
    if as_json:
        say_json({**_describe(model), "freed_bytes": freed})
        return
    say(f"{model.name} removed, {freed / 1e6:,.0f} MB set free" if freed else f"{model.name} was not here")


def _folder() -> Path:
    from ..storage.home import home

    return home() / "models"


def _describe(model: CatalogueModel) -> dict[str, object]:
    """What `--json` says of a model on this machine."""
    from ..models.inventory import model_here
    from ..storage.home import home

    return _as_json(model_here(model, home()))


def _as_json(here: ModelHere) -> dict[str, object]:
    """What `--json` says of a model. Speeds are in tokens a second; `tokens_per_second` is None before it has read
    anything here."""
    model = here.model
    return {
        "name": model.name,
        "title": model.title,
        "roles": sorted(role.value for role in model.roles),
        "expect": model.expect,
        "fetched": here.is_held,
        "fetched_bytes": here.fetched_bytes,
        "download_bytes": model.bytes,
        "disk_bytes": here.disk_bytes,
        "memory_bytes_16_bit": model.memory_bytes(2),
        "parameters": model.parameters,
        "licence": model.licence,
        "repository": model.hub.repository,
        "file": model.hub.file,
        "sha256": model.sha256,
        "tokens_per_second": here.measured_here,
        "tokens_per_second_elsewhere": model.measured.tokens_per_second,
        "seconds_for_128k_tokens": here.long_seconds,
    }


def _in_words(here: ModelHere) -> str:
    """What a person reads of a model, in two lines."""
    model, arrived = here.model, here.fetched_bytes
    state = "fetched" if here.is_held else f"{arrived / model.bytes:.0%} fetched" if arrived else "-"
    where = "here" if here.measured_here else "on two cores with AMX"
    roles = " and ".join(sorted(role.value for role in model.roles))
    return (
        f"{model.name:20} {state:12} {roles}: {model.expect}\n"
        f"{'':33} {model.bytes / 1e6:,.0f} MB to fetch, {here.disk_bytes / 1e9:.1f} GB on disk; "
        f"{here.tokens_per_second:,.0f} tokens/s {where}, 128K tokens in {_minutes(here.long_seconds)}"
    )


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min"


@contextmanager
def _shown(*, quiet: bool) -> Iterator[Progress]:
    """A progress that shows as a bar on a terminal, as lines elsewhere, or not at all."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    from ..models.preparing import in_words
    from .printing.progress import tell

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield in_words((lambda _: None) if quiet else tell)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
    with Bar(*columns, console=console, transient=True) as bar:
        tasks = {}

        def show(event: Preparing) -> None:
            if event.step not in tasks:
                tasks[event.step] = bar.add_task(f"{event.step.value} {event.model}", total=event.total, note="")
            bar.update(tasks[event.step], completed=event.done, note=_note(event))

        yield show


def _note(event: Preparing) -> str:
    from ..models.preparing import Step

    of = f"{event.done / 1e6:,.0f}/{event.total / 1e6:,.0f} {'MB' if event.step is Step.FETCHING else 'M weights'}"
    return of if event.seconds_left is None else f"{of}  {_minutes(event.seconds_left)} left"
