"""The stored KV of several chunks, read together: on a GPU one copy and one dequantisation a layer for all of them.

On a CPU a chunk after the other is read, which is as fast. On a GPU every small operation costs its launch, and
every small copy its latency; for 64 chunks and 32 layers there were some 20,000.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from ..config import QUANTIZATION_GROUP as GROUP
from .fetching import aligned
from .lanes import CudaLane, Lane
from .quantization import dequantize
from .stored import KEYS, VALUES, StoredKV

# The dimension of one layer's tensor along which chunks stand side by side, by the tensors' names.
ALONG = {"kv": 2, "key_codes": 1, "value_codes": 1, "key_grid": 2, "value_grid": 2}


class KVRow(Protocol):
    """KV of chunks that stand side by side, `tokens` in all."""

    @property
    def tokens(self) -> int: ...

    def read(self, layer: int, keys: Tensor, values: Tensor) -> None:
        """Write a layer's keys and values into `keys` and `values`, each (kv_heads, tokens, head_dim)."""
        ...


def reads_together(device: torch.device) -> bool:
    """Whether chunks that are read on this device are read together."""
    return device.type == "cuda"


def in_one_row(stored: Sequence[StoredKV], device: torch.device) -> KVRow:
    """Return the KV of these chunks, to be read on `device`, side by side."""
    places = {tensor.device for kv in stored for tensor in kv.tensors().values()}
    alike = len(places) == len({kv.precision for kv in stored}) == 1
    if not (reads_together(device) and alike):  # as where one of the documents is resident and another is not
        return SeparateRow(stored)
    return FusedRow(stored, device, None if places == {device} else CudaLane(device))


class SeparateRow:
    """Reads each chunk by itself."""

    def __init__(self, stored: Sequence[StoredKV]) -> None:
        self._stored = stored
        self.tokens = sum(kv.tokens for kv in stored)

    def read(self, layer: int, keys: Tensor, values: Tensor) -> None:
        start = 0
        for kv in self._stored:
            part = slice(start, start + kv.tokens)
            kv.read(layer, keys[:, part], values[:, part])
            start += kv.tokens


class FusedRow:
    """Reads all chunks, which have one precision, by the same few operations, however many they are.

    Without a `lane` the chunks are on `device` and are joined there. With one they are joined in two buffers of the
    host in turn, and copied along it, so that the next layer travels while this one is computed; layers are best
    read in their order then. Numbers are those that `StoredKV.read` gives on a GPU, bit for bit.
    """

    def __init__(self, stored: Sequence[StoredKV], device: torch.device, lane: Lane | None = None) -> None:
        self.tokens = sum(kv.tokens for kv in stored)
        self._precision = stored[0].precision
        self._places = (
            None if self._precision.dtype is not None else _Places.of(stored, self._precision.bits, device)
        )
        chunks = [kv.tensors() for kv in stored]
        self._tensors = {name: [chunk[name] for chunk in chunks] for name in chunks[0]}
        self._layers = len(next(iter(chunks[0].values())))
        self._travelling = None if lane is None else _Travelling(self._tensors, device, lane)

    def read(self, layer: int, keys: Tensor, values: Tensor) -> None:
        if self._travelling is None:
            self._unpack(_joined(self._tensors, layer), keys, values)
            return
        self._unpack(self._travelling.arrived(layer), keys, values)
        if layer + 1 < self._layers:
            self._travelling.send(layer + 1)

    def _unpack(self, joined: Mapping[str, Tensor], keys: Tensor, values: Tensor) -> None:
        if self._places is None:
            keys.copy_(joined["kv"][KEYS])
            values.copy_(joined["kv"][VALUES])
            return
        self._places.read_keys(joined["key_codes"], joined["key_grid"], keys)
        self._places.read_values(joined["value_codes"], joined["value_grid"], values)


@dataclass(frozen=True)
class _Places:
    """Where the numbers of each token of a row stand in the joined tensors, all (tokens,) on the device.

    `byte` and `shift`: the token's byte of a channel, and how far to shift that to the right; None where every
    token has a byte of its own. `group`: the group of its keys.
    """

    bits: int
    group: Tensor
    byte: Tensor | None
    shift: Tensor | None

    @classmethod
    def of(cls, stored: Sequence[StoredKV], bits: int, device: torch.device) -> _Places:
        groups: list[Tensor] = []
        bytes: list[Tensor] = []
        shifts: list[Tensor] = []
        first_group = first_byte = 0
        for kv in stored:
            token = torch.arange(kv.tokens)
            span = math.ceil(kv.tokens * bits / 8)
            groups.append(first_group + token // GROUP)
            bytes.append(first_byte + token % span)
            shifts.append((token // span * bits).to(torch.uint8))
            first_group += math.ceil(kv.tokens / GROUP)
            first_byte += span
        packed = bits < 8
        return cls(
            bits,
            torch.cat(groups).to(device),
            torch.cat(bytes).to(device) if packed else None,
            torch.cat(shifts).to(device) if packed else None,
        )

    def read_keys(self, packed: Tensor, grid: Tensor, out: Tensor) -> None:
        """Write the keys of `packed` (kv_heads, bytes, head_dim) and `grid` (2, kv_heads, groups, head_dim)."""
        scale, zero_point = grid.float().index_select(2, self.group)
        torch.addcmul(zero_point, self._codes(packed), scale, out=out)

    def read_values(self, packed: Tensor, grid: Tensor, out: Tensor) -> None:
        """Write the values of `packed` and `grid` (2, kv_heads, tokens, groups of head_dim)."""
        dequantize(self._codes(packed), grid.float(), -1, out)

    def _codes(self, packed: Tensor) -> Tensor:
        """Return one number a byte: uint8 (kv_heads, tokens, head_dim)."""
        if self.byte is None or self.shift is None:
            return packed
        return (
            packed.index_select(1, self.byte)
            .bitwise_right_shift_(self.shift[:, None])
            .bitwise_and_(2**self.bits - 1)
        )


def _joined(
    tensors: Mapping[str, Sequence[Tensor]], layer: int, out: Mapping[str, Tensor] | None = None
) -> dict[str, Tensor]:
    """Return one layer's tensors of all chunks side by side, in `out` if that is given."""
    return {
        name: torch.cat([one[layer] for one in chunks], dim=ALONG[name], out=None if out is None else out[name])
        for name, chunks in tensors.items()
    }


class _Travelling:
    """Layers on their way from the host, of which two are on the way or on the device at a time."""

    def __init__(self, tensors: Mapping[str, Sequence[Tensor]], device: torch.device, lane: Lane) -> None:
        self._tensors, self._lane = tensors, lane
        shapes = {name: _joined_shape(chunks, ALONG[name]) for name, chunks in tensors.items()}
        dtypes = {name: chunks[0].dtype for name, chunks in tensors.items()}
        sizes = [math.prod(shape) * dtypes[name].itemsize for name, shape in shapes.items()]
        starts = aligned(sizes)
        self._host = [lane.host_buffer(starts[-1]) for _ in range(2)]
        self._device = [torch.empty(starts[-1], dtype=torch.uint8, device=device) for _ in range(2)]

        def views(buffer: Tensor) -> dict[str, Tensor]:
            return {
                name: buffer[start : start + size].view(dtypes[name]).view(shape)
                for (name, shape), start, size in zip(shapes.items(), starts, sizes, strict=False)
            }

        self._host_views, self._device_views = [[views(one) for one in two] for two in (self._host, self._device)]
        self._sent: list[tuple[int, Any]] = [(-1, None), (-1, None)]

    def send(self, layer: int) -> None:
        """Begin to copy a layer, unless it is under way. It takes the buffers of the layer before the last."""
        slot = layer % 2
        sent, done = self._sent[slot]
        if sent == layer:
            return
        if done is not None:  # the host's buffer is read until then
            self._lane.wait(done)
        _joined(self._tensors, layer, self._host_views[slot])
        # What reads the device's buffer has been launched before.
        done = self._lane.copy(self._device[slot], self._host[slot], self._lane.computed())
        self._sent[slot] = layer, done

    def arrived(self, layer: int) -> dict[str, Tensor]:
        """Return a layer's joined tensors on the device, for what is launched from now on."""
        self.send(layer)
        self._lane.compute_after(self._sent[layer % 2][1])
        return self._device_views[layer % 2]


def _joined_shape(chunks: Sequence[Tensor], along: int) -> list[int]:
    shape = list(chunks[0].shape[1:])
    shape[along] = sum(one.shape[along + 1] for one in chunks)
    return shape
