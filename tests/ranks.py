"""Processes that stand for ranks: forked, so that nothing is imported anew."""

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
PATIENCE_S = 120


def as_ranks(work: Callable[[], Result], folder: Path, size: int) -> list[Result | None]:
    """What `work` returns in each of `size` processes that were started as ranks; None where it raised or died."""
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
    """The same of `work` in a group; what a RankError said is a result."""

    def member() -> Result:
        try:
            with join(torch.device("cpu"), timeout_s) as ranks:
                return work(ranks)
        except RankError as error:
            return {"error": str(error)}

    return as_ranks(member, folder, size)


def _rank(work: Callable[[], Result], folder: Path, rank: int, size: int, port: int) -> None:
    torch.set_num_threads(1)  # the threads of the process that was forked are not here, and would be waited for
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(size), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    try:
        result = work()
    except Exception:
        traceback.print_exc()
        return
    torch.save(result, folder / f"{rank}.pt")
