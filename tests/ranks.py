"""Run functions in processes that are ranks of a group, forked so that nothing is imported again."""

from __future__ import annotations

import multiprocessing
import os
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from parallelcomp.errors import RankError
from parallelcomp.ranks import Ranks, join

Result = dict[str, Any]
# Seconds after which a process is killed.
PATIENCE_S = 120


def as_ranks(work: Callable[[], Result], folder: Path, size: int) -> list[Result | None]:
    """Run `work` in `size` processes that are started as ranks.

    Returns what each returned, or None for one that raised or died.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    forked = multiprocessing.get_context("fork")
    processes = [forked.Process(target=_rank, args=(work, folder, rank, size, port)) for rank in range(size)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE_S)
        process.kill()
    results = [folder / f"{rank}.pt" for rank in range(size)]
    return [torch.load(path, weights_only=False) if path.exists() else None for path in results]


def joined(work: Callable[[Ranks], Result], folder: Path, size: int, timeout_s: float = 120) -> list[Result | None]:
    """Run `work` in `size` ranks that have joined one group.

    Returns as `as_ranks`; the result of a rank that raises RankError is {"error": its message}.
    """

    def member() -> Result:
        try:
            with join(torch.device("cpu"), timeout_s) as ranks:
                return work(ranks)
        except RankError as error:
            return {"error": str(error)}

    return as_ranks(member, folder, size)


def _rank(work: Callable[[], Result], folder: Path, rank: int, size: int, port: int) -> None:
    torch.set_num_threads(1)  # the parent's threads do not exist here, but torch would wait for them
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(size), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    try:
        result = work()
    except Exception:
        traceback.print_exc()
        return
    torch.save(result, folder / f"{rank}.pt")
