"""Commands whose work several processes (ranks) share: starting them, and joining them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from parallelcomp.ranks import Ranks

    from ..settings import Settings


RANKS = click.option(
    "--ranks",
    "rank_count",
    type=click.IntRange(1),
    help="Processes on this machine that share the work; not needed under torchrun [default: 1].",
)


def start(count: int | None) -> None:
    """Runs this same command once for every rank, and then exits with rank 0's exit code.

    Does nothing if one rank is enough, or if this process is a rank already.

    Raises click's Exit.
    """
    if count is None or count == 1:
        return
    from parallelcomp.ranks import launch, started_as_rank

    if not started_as_rank():
        raise click.exceptions.Exit(launch([sys.executable, "-m", "wholedoc", *sys.argv[1:]], count))


@contextmanager
def joined(settings: Settings) -> Iterator[tuple[Ranks | None, Settings]]:
    """Yields the ranks that this process belongs to, None if it works alone, and the settings with its device.

    Raises click.UsageError if there are fewer GPUs than ranks or the GPU is Apple's, and RankError.
    """
    from parallelcomp import default_device
    from parallelcomp.ranks import join, started_as_rank

    if not started_as_rank():
        yield None, settings
        return
    device = _own_device(settings.device or default_device())
    with join(device) as ranks:
        yield ranks, replace(settings, device=device)


def _own_device(device: Any) -> Any:
    """Returns this rank's own GPU, or `device` itself if it is not a GPU."""
    import torch

    if device.type == "mps":
        raise click.UsageError("several ranks cannot share Apple's GPU: leave out --ranks, or say --device cpu")
    if device.type != "cuda":
        return device
    local, usable = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if local >= usable:
        raise click.UsageError(f"{usable} GPUs are here, one a rank: ask for fewer ranks, or say --device cpu")
    return torch.device("cuda", local)
