"""The group of ranks that this process belongs to, and the operations by which they exchange data."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from ..errors import RankError

T = TypeVar("T")
# Seconds after which a rank that does not answer is given up. One that has died is noticed at once.
TIMEOUT_S = 300.0
# Seconds that ranks may take to start: each loads torch, and perhaps a model.
START_S = 600.0
# The longest that ranks wait for rank 0 in `follow`.
PATIENCE = timedelta(days=7)


@dataclass
class Traffic:
    """The bytes that this rank has received from others, and the seconds that it spent waiting and receiving."""

    bytes: int = 0
    seconds: float = 0.0


class Ranks:
    """A group of `size` ranks, seen from rank `rank`. All ranks call the same methods in the same order.

    If a rank dies, fails or does not answer within the group's timeout, the others raise RankError.
    """

    def __init__(self, store: Any, rank: int, size: int, device: torch.device, timeout_s: float) -> None:
        self.rank, self.size = rank, size
        self.traffic = Traffic()
        self._store = store
        self._device = device
        self._timeout_s = timeout_s
        self._followed = 0

    def gather(self, mine: Tensor) -> Tensor:
        """Return every rank's `mine` (...), stacked to (size, ...), on the device of `mine`."""
        sent = _as_bytes(mine).to(self._device)
        received = sent.new_empty(self.size, sent.numel())
        self._together(lambda: dist.all_gather(list(received.unbind()), sent), (self.size - 1) * sent.numel())
        return received.view(mine.dtype).view(self.size, *mine.shape).to(mine.device)

    def sum(self, mine: Tensor) -> Tensor:
        """Return the sum over the ranks. It is exact where at most one rank's number is not 0."""
        return self.gather(mine).sum(dim=0)

    def share(self, value: T, source: int = 0) -> T:
        """Return the value of rank `source` on all ranks. It is pickled, so it should be small."""
        box: list[Any] = [value]
        self._together(lambda: dist.broadcast_object_list(box, source, device=self._device), 0)
        return box[0]

    def send(self, tensors: Mapping[str, Tensor] | None, source: int, to: torch.device) -> dict[str, Tensor]:
        """Return the tensors of rank `source` on all ranks, on the device `to`. The other ranks pass None."""
        mine = dict(tensors or {})
        shapes = self.share([(name, one.dtype, one.shape) for name, one in mine.items()], source)
        got: dict[str, Tensor] = {}
        for name, dtype, shape in shapes:
            given = name in mine
            flat = _as_bytes(mine[name] if given else torch.empty(shape, dtype=dtype)).to(self._device)
            self._together(partial(dist.broadcast, flat, source), 0 if given else flat.numel())
            got[name] = flat.view(dtype).view(shape).to(to)
        return got

    def barrier(self) -> None:
        """Wait until all ranks have called this, no longer than the timeout."""
        self.gather(torch.zeros(1, dtype=torch.uint8))

    def follow(self) -> None:
        """Wait until rank 0 has called this too, however long that takes, as while its user types a question."""
        self._followed += 1
        key = f"followed/{self._followed}"
        try:
            if self.rank:
                self._store.wait([key], PATIENCE)
            else:
                self._store.set(key, "")
        except RuntimeError as error:
            raise RankError(self._diagnosis()) from error

    @contextmanager
    def first_alone(self) -> Iterator[None]:
        """Let rank 0 run the block alone, and then the others."""
        if self.rank:
            self.follow()
        yield
        if not self.rank:
            self.follow()

    def tell_why(self, error: BaseException) -> None:
        """Tell the other ranks why this rank stops."""
        if isinstance(error, RankError):  # another rank failed, and tells why itself
            return
        with _ignoring_a_dead_store():
            self._store.set(_stopped(self.rank), str(error) or type(error).__name__)

    def _together(self, operation: Callable[[], object], received: int) -> None:
        started = time.perf_counter()
        try:
            operation()
        except RuntimeError as error:  # torch raises no narrower one for a peer that is gone
            raise RankError(self._diagnosis()) from error
        self.traffic.bytes += received
        self.traffic.seconds += time.perf_counter() - started

    def _diagnosis(self) -> str:
        others = [rank for rank in range(self.size) if rank != self.rank]
        with _ignoring_a_dead_store():
            for rank in others:
                if self._store.check([_stopped(rank)]):
                    return f"rank {rank} of {self.size} stopped: {self._store.get(_stopped(rank)).decode()}"
        return (
            f"another of the {self.size} ranks died, or did not answer for {self._timeout_s:g} s; try again, with "
            "fewer ranks if memory ran out"
        )


def started_as_rank() -> bool:
    """Whether `torchrun` or `launch` started this process as a rank."""
    return "RANK" in os.environ and "WORLD_SIZE" in os.environ


@contextmanager
def join(device: torch.device, timeout_s: float = TIMEOUT_S) -> Iterator[Ranks]:
    """Join the group that the environment variables of `torchrun` describe. Raises RankError if ranks are missing.

    Tensors travel by NCCL where `device` is a GPU, else by gloo.
    """
    limit = timedelta(seconds=timeout_s)
    backend = "gloo"
    if device.type == "cuda":
        backend = "nccl"
        # Without this NCCL notices a timeout in the background and ends the process without an error.
        os.environ.setdefault("TORCH_NCCL_BLOCKING_WAIT", "1")
        torch.cuda.set_device(device)
    try:
        store, rank, size = next(rendezvous("env://", timeout=timedelta(seconds=START_S)))
        store.set_timeout(limit)
        dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=limit)
    except (RuntimeError, ValueError) as error:
        raise RankError(f"the ranks did not come together: {error}") from error
    ranks = Ranks(store, rank, size, device, timeout_s)
    try:
        yield ranks
    except BaseException as error:
        ranks.tell_why(error)
        raise
    finally:
        dist.destroy_process_group()


@contextmanager
def _ignoring_a_dead_store() -> Iterator[None]:
    try:
        yield
    except RuntimeError:  # the store died with the process that held it
        return


def _stopped(rank: int) -> str:
    return f"stopped/{rank}"


def _as_bytes(tensor: Tensor) -> Tensor:
    """Return the tensor's memory as uint8 (bytes,), since not every backend supports every dtype."""
    return tensor.contiguous().reshape(-1).view(torch.uint8)
