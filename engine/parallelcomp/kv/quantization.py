"""Chunk KV in 8, 4 or 2 bits, after KIVI (arXiv 2402.02750): keys per channel, values per token, groups of 32.

A few channels of the keys are far larger than the others, at every token; values have no such channels. So a
group of keys is one channel of 32 tokens, a group of values 32 channels of one token, and an outlier spoils the
resolution of its own kind alone. A number x is kept as a code, read back as lowest + code * step.

Where 32 does not divide the tokens or the channels the last group is shorter. KIVI leaves such tokens in 16 bits
because its cache grows; a stored chunk does not, and from the third token on (the fifth in 8 bits) the short
group is smaller, under the same error bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from ..config import QUANTIZATION_GROUP as GROUP
from ..config import KVPrecision

# Numbers quantised in one step: on a CPU a layer's, which stay in its caches; on a GPU many, since small kernels
# take longer to launch than to run.
NUMBERS_AT_ONCE = {"cpu": 1, "cuda": 2**25}


class Along(Enum):
    """The dimension of (kv_heads, tokens, head_dim) along which a group runs."""

    TOKENS = -2
    CHANNELS = -1


@dataclass(frozen=True)
class Quantized:
    """Keys or values of all layers in codes of `bits` bits.

    `codes`: uint8 (layers, kv_heads, ceil(tokens * bits / 8), head_dim). The lowest bits of the bytes are the
    codes of the first tokens, the next bits of the following ones, and so on: a byte's codes stand far apart in
    the document, so that unpacking is one contiguous write for each of them. `grid`: each group's step and
    lowest value, fp16 (layers, 2, kv_heads, groups, head_dim) along tokens, (layers, 2, kv_heads, tokens, groups)
    along channels. fp16 has 11 bits of mantissa; the 8 of bf16 would be coarser than the steps of 8 bits.

    A number is read back to within half its group's step, apart from the rounding of fp32. With the group's
    lowest and highest numbers a and b the step is at most
    (b - a + 2**-10 * |a| + 2**-24) / (2**bits - 1) * (1 + 2**-10) + 2**-24: fp16 rounds a down and the step up.
    """

    bits: int
    along: Along
    codes: Tensor
    grid: Tensor

    @property
    def nbytes(self) -> int:
        return self.codes.nbytes + self.grid.nbytes

    def read(self, layer: int, out: Tensor) -> None:
        """Write one layer's numbers into `out`, floating (kv_heads, tokens, head_dim), not always contiguous."""
        if out.device.type != "cpu":
            self.read_fused(layer, out)
            return
        if out.dtype is not torch.float32:
            wide = torch.empty(out.shape, dtype=torch.float32, device=out.device)
            self.read(layer, wide)
            out.copy_(wide)  # rounded once, not after each operation
            return
        _unpack(self.codes[layer].to(out.device), self.bits, out)
        grid = self.grid[layer].to(out.device, torch.float32)
        axis = self.along.value
        size = out.shape[axis]
        whole = size // GROUP
        if whole:
            groups = out.narrow(axis, 0, whole * GROUP).unflatten(axis, (whole, GROUP))
            step, lowest = grid.narrow(axis, 0, whole).unsqueeze(axis)
            groups.mul_(step).add_(lowest)  # addcmul is not vectorised where a group is the innermost dimension
        if size % GROUP:
            step, lowest = grid.narrow(axis, whole, 1)
            out.narrow(axis, whole * GROUP, size % GROUP).mul_(step).add_(lowest)

    def read_fused(self, layer: int, out: Tensor) -> None:
        """`read` with every number touched once: in fp32 within the kernel, rounded as it is written.

        For a GPU, where the many steps of `read` are as many launches and as many passes over its memory; on a CPU
        this operation is not vectorised.
        """
        packed = self.codes[layer].to(out.device)
        codes = packed if self.bits == 8 else packed.new_empty(out.shape)
        if self.bits < 8:
            _unpack(packed, self.bits, codes)
        axis = self.along.value
        steps, lowests = self.grid[layer].to(out.device, torch.float32).unsqueeze(axis).unbind(0)
        first = 0
        for numbers, target in zip(_groups(codes, axis), _groups(out, axis), strict=True):
            count = target.shape[axis - 1]
            step, lowest = (each.narrow(axis - 1, first, count) for each in (steps, lowests))
            torch.addcmul(lowest, numbers, step, out=target)
            first += count


@dataclass(frozen=True)
class QuantizedKV:
    """Quantised keys and values of some tokens in all layers: a StoredKV."""

    precision: KVPrecision
    keys: Quantized
    values: Quantized

    @property
    def tokens(self) -> int:
        return self.values.grid.shape[3]

    @property
    def nbytes(self) -> int:
        return self.keys.nbytes + self.values.nbytes

    def read(self, layer: int, keys: Tensor, values: Tensor) -> None:
        self.keys.read(layer, keys)
        self.values.read(layer, values)

    def tensors(self) -> dict[str, Tensor]:
        return {
            "key_codes": self.keys.codes,
            "key_grid": self.keys.grid,
            "value_codes": self.values.codes,
            "value_grid": self.values.grid,
        }


def quantize(layers: Sequence[tuple[Tensor, Tensor]], precision: KVPrecision, device: torch.device) -> QuantizedKV:
    """Quantise per-layer keys and values, each (kv_heads, tokens, head_dim), and keep them on `device`.

    Raises ValueError if there is no token, or a number that is not finite or beyond the range of fp16.
    """
    if not layers[0][0].shape[1]:
        raise ValueError("KV of no tokens cannot be quantised")
    keys = _quantize_layers([keys for keys, _ in layers], precision.bits, Along.TOKENS, device)
    values = _quantize_layers([values for _, values in layers], precision.bits, Along.CHANNELS, device)
    return QuantizedKV(precision, keys, values)


def restore(precision: KVPrecision, tensors: Mapping[str, Tensor]) -> QuantizedKV:
    """The KV whose `tensors()` these are. Raises ValueError if they cannot be that."""
    bits = precision.bits
    key_grid, value_grid = tensors.get("key_grid"), tensors.get("value_grid")
    if key_grid is None or value_grid is None or key_grid.dim() != 5 or value_grid.dim() != 5:
        raise ValueError(f"KV in {precision.value} needs key_grid and value_grid of 5 dimensions")
    layers, _, kv_heads, _, head_dim = key_grid.shape
    tokens = value_grid.shape[3]
    codes = (torch.uint8, (layers, kv_heads, _packed(tokens, bits), head_dim))
    expected = {
        "key_codes": codes,
        "key_grid": (torch.float16, (layers, 2, kv_heads, math.ceil(tokens / GROUP), head_dim)),
        "value_codes": codes,
        "value_grid": (torch.float16, (layers, 2, kv_heads, tokens, math.ceil(head_dim / GROUP))),
    }
    found = {name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in tensors.items()}
    if found != expected:
        raise ValueError(f"KV of {tokens} tokens in {precision.value} consists of {expected}, not of {found}")
    return QuantizedKV(
        precision,
        Quantized(bits, Along.TOKENS, tensors["key_codes"], key_grid),
        Quantized(bits, Along.CHANNELS, tensors["value_codes"], value_grid),
    )


def _quantize_layers(layers: Sequence[Tensor], bits: int, along: Along, device: torch.device) -> Quantized:
    """A few layers at a time, so that no more of them are held in fp32."""
    at_once = NUMBERS_AT_ONCE.get(layers[0].device.type, NUMBERS_AT_ONCE["cuda"])
    step = max(1, at_once // layers[0].numel())
    quantized = [
        _quantize(torch.stack(tuple(layers[first : first + step])), bits, along.value)
        for first in range(0, len(layers), step)
    ]
    codes = torch.cat([codes for codes, _ in quantized]).to(device)
    return Quantized(bits, along, codes, torch.cat([grid for _, grid in quantized]).to(device))


def _quantize(numbers: Tensor, bits: int, axis: int) -> tuple[Tensor, Tensor]:
    """Packed codes and grid of some layers' keys or values (layers, kv_heads, tokens, head_dim)."""
    exact = numbers.float()
    groups = _groups(exact, axis)
    low = torch.cat([group.amin(axis) for group in groups], dim=axis)
    high = torch.cat([group.amax(axis) for group in groups], dim=axis)
    limit = torch.finfo(torch.float16).max
    if not bool(((low >= -limit) & (high <= limit)).all()):  # nor is NaN
        raise ValueError(
            f"KV that is not finite or beyond {limit:.0f} cannot be quantised; keep it in bf16 or fp32"
        )
    # Rounded outward, and the codes follow the rounded grid: every number lies on it, and none is clipped.
    lowest = _fp16_below(low)
    step = -_fp16_below((lowest.float() - high) / (2**bits - 1))

    def each(grid: Tensor) -> Tensor:
        """The grid's value for each number."""
        return grid.float().repeat_interleave(GROUP, dim=axis).narrow(axis, 0, exact.shape[axis])

    divisor = each(torch.where(step > 0, step, 1))  # a step of 0: all numbers of the group are its lowest
    codes = ((exact - each(lowest)) / divisor).round_().clamp_(0, 2**bits - 1).to(torch.uint8)
    return _pack(codes, bits), torch.stack([step, lowest], dim=1)


def _groups(numbers: Tensor, axis: int) -> list[Tensor]:
    """Views of the whole groups and of the shorter last one: groups in dimension `axis` - 1, each in `axis`."""
    size = numbers.shape[axis]
    whole, rest = divmod(size, GROUP)
    views = []
    if whole:
        views.append(numbers.narrow(axis, 0, size - rest).unflatten(axis, (whole, GROUP)))
    if rest:
        views.append(numbers.narrow(axis, size - rest, rest).unflatten(axis, (1, rest)))
    return views


def _fp16_below(exact: Tensor) -> Tensor:
    """The largest fp16 numbers not above fp32 numbers of fp16's range."""
    near = exact.half()
    bits = near.view(torch.int16)  # ordered by magnitude, the sign apart
    beneath = torch.where(bits < 0, bits + 1, bits - 1).view(torch.float16)
    return torch.where(near.float() > exact, beneath, near)


def _packed(tokens: int, bits: int) -> int:
    """Bytes of a channel's codes."""
    return math.ceil(tokens * bits / 8)


def _pack(codes: Tensor, bits: int) -> Tensor:
    """(layers, kv_heads, tokens, head_dim), one code a byte, to (layers, kv_heads, packed, head_dim)."""
    layers, kv_heads, tokens, head_dim = codes.shape
    packed = codes.new_zeros(layers, kv_heads, _packed(tokens, bits), head_dim)
    for place, part in enumerate(codes.split(packed.shape[2], dim=2)):
        packed[:, :, : part.shape[2]] |= part << place * bits
    return packed


def _unpack(packed: Tensor, bits: int, out: Tensor) -> None:
    """Write the codes as numbers into `out` (kv_heads, tokens, head_dim)."""
    tokens, span = out.shape[1], packed.shape[1]
    for place, first in enumerate(range(0, tokens, span)):
        shift = place * bits
        part = packed[:, : tokens - first]
        if shift:
            part = part >> shift
        if shift + bits < 8:  # the highest bits have no neighbours left to hide
            part = part & (2**bits - 1)
        out[:, first : first + span].copy_(part)
