"""This process among the ranks of a group, and what travels between them."""

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
# Beyond this a rank that does not answer is given up, in seconds. One that died is noticed at once.
TIMEOUT_S = 300.0
# Ranks may take this long to start, in seconds: each loads torch, and perhaps a model.
START_S = 600.0
# Nothing waits longer than this for rank 0 to ask something.
PATIENCE = timedelta(days=7)


@dataclass
class Traffic:
    """`bytes` that this rank has received from others, and `seconds` that it spent on waiting and receiving."""

    bytes: int = 0
    seconds: float = 0.0


class Ranks:
    """Rank `rank` of `size`. Everything here is done by all ranks together, in the same order.

    A rank that dies, fails or is silent for longer than the group's timeout makes the others raise RankError.
    """

    def __init__(self, store: Any, rank: int, size: int, device: torch.device, timeout_s: float) -> None:
        self.rank, self.size = rank, size
        self.traffic = Traffic()
        self._store = store
        self._device = device
        self._timeout_s = timeout_s
        self._followed = 0

    def gather(self, mine: Tensor) -> Tensor:
        """(...) of every rank to (size, ...), on the device of `mine`."""
        sent = _as_bytes(mine).to(self._device)
        received = sent.new_empty(self.size, sent.numel())
        self._together(lambda: dist.all_gather(list(received.unbind()), sent), (self.size - 1) * sent.numel())
        return received.view(mine.dtype).view(self.size, *mine.shape).to(mine.device)

    def sum(self, mine: Tensor) -> Tensor:
        """Sum over the ranks; exact where only one of them has anything but zero."""
        return self.gather(mine).sum(dim=0)

    def share(self, value: T, source: int = 0) -> T:
        """What `source` gives, for all. Small things, and only between our own processes: they are pickled."""
        box: list[Any] = [value]
        self._together(lambda: dist.broadcast_object_list(box, source, device=self._device), 0)
        return box[0]

    def send(self, tensors: Mapping[str, Tensor] | None, source: int, to: torch.device) -> dict[str, Tensor]:
        """The tensors that `source` gives, for all, on the device `to`; the others give None."""
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
        """Wait until all ranks are here, for no longer than the timeout."""
        self.gather(torch.zeros(1, dtype=torch.uint8))

    def follow(self) -> None:
        """Go on when rank 0 comes here too, however long that takes: until its next question, for one."""
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
        """Rank 0 does this alone, then the others, who find it done."""
        if self.rank:
            self.follow()
        yield
        if not self.rank:
            self.follow()

    def tell_why(self, error: BaseException) -> None:
        """Leave word for the others of why this rank stops."""
        if isinstance(error, RankError):  # it only heard of it
            return
        with _ignoring_a_dead_store():
            self._store.set(_stopped(self.rank), str(error) or type(error).__name__)

    def _together(self, operation: Callable[[], object], received: int) -> None:
        started = time.perf_counter()
        try:
            operation()
        except RuntimeError as error:  # torch has no narrower one for a peer that is gone
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
    """Whether `torchrun` or `launch` started this process as one of several."""
    return "RANK" in os.environ and "WORLD_SIZE" in os.environ


@contextmanager
def join(device: torch.device, timeout_s: float = TIMEOUT_S) -> Iterator[Ranks]:
    """Join the group that the environment names, as `torchrun` sets it. Raises RankError if others are missing.

    Tensors travel by NCCL where `device` is a GPU, else by gloo.
    """
    limit = timedelta(seconds=timeout_s)
    backend = "gloo"
    if device.type == "cuda":
        backend = "nccl"
        # Else NCCL notices a timeout in the background and takes the process down without a word.
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
    except RuntimeError:  # it died with the process that held it
        return


def _stopped(rank: int) -> str:
    return f"stopped/{rank}"


def _as_bytes(tensor: Tensor) -> Tensor:
    """Its memory as uint8 (bytes,): not every backend knows every dtype."""
    return tensor.contiguous().reshape(-1).view(torch.uint8)
