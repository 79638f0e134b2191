"""Chunk KV in 8, 4 or 2 bits, after KIVI (arXiv 2402.02750): keys per channel, values per token, groups of 32.

A few channels of the keys are far larger than the others, at every token; values have no such channels. So a group
of keys is one channel of 32 tokens and a group of values is 32 channels of one token. An outlier then costs the
resolution of its own channel (keys) or token (values) alone. A number is kept as an integer q and read back as
zero_point + q * scale.

Where 32 does not divide the tokens or the channels, the last group is shorter. KIVI leaves such tokens in 16 bits
because its cache grows. A stored chunk does not grow, and a short group of three tokens (five in 8 bits) or more
takes less space than 16 bits, under the same error bound.
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

# How many numbers are quantised in one step, in whole layers and at least one layer: on a CPU one, which stays in
# the caches; on a GPU many, since small kernels take longer to launch than to run.
NUMBERS_AT_ONCE = {"cpu": 1, "cuda": 2**25}


class Along(Enum):
    """The dimension of (kv_heads, tokens, head_dim) along which a group runs."""

    TOKENS = -2
    CHANNELS = -1


@dataclass(frozen=True)
class Quantized:
    """Keys or values of all layers, quantised to `bits` bits.

    `data`: uint8 (layers, kv_heads, ceil(tokens * bits / 8), head_dim). The lowest bits of the bytes hold the first
    tokens, the next bits the following tokens, and so on. The numbers of one byte stand far apart in the document,
    so that unpacking is one contiguous write for each of them. `scale_zero_point`: each group's scale and zero
    point (its lowest value), fp16 (layers, 2, kv_heads, groups, head_dim) along tokens, (layers, 2, kv_heads,
    tokens, groups) along channels. fp16 has 11 bits of mantissa; the 8 of bf16 would be coarser than the steps of 8
    bits.

    A number is read back to within half its group's scale, apart from the rounding of fp32. With the group's lowest
    and highest numbers a and b the scale is at most (b - a + 2**-10 * |a| + 2**-24) / (2**bits - 1) * (1 + 2**-10)
    + 2**-24: fp16 rounds a down and the scale up.
    """

    bits: int
    along: Along
    data: Tensor
    scale_zero_point: Tensor

    @property
    def nbytes(self) -> int:
        return self.data.nbytes + self.scale_zero_point.nbytes

    def read(self, layer: int, out: Tensor) -> None:
        """Write one layer's numbers into `out`, floating-point (kv_heads, tokens, head_dim), perhaps a view."""
        if out.device.type != "cpu":
            self.read_fused(layer, out)
            return
        if out.dtype is not torch.float32:
            wide = torch.empty(out.shape, dtype=torch.float32, device=out.device)
            self.read(layer, wide)
            out.copy_(wide)  # rounded once, not after each operation
            return
        _unpack(self.data[layer].to(out.device), self.bits, out)
        affine = self.scale_zero_point[layer].to(out.device, torch.float32)
        axis = self.along.value
        size = out.shape[axis]
        whole = size // GROUP
        if whole:
            groups = out.narrow(axis, 0, whole * GROUP).unflatten(axis, (whole, GROUP))
            scale, zero_point = affine.narrow(axis, 0, whole).unsqueeze(axis)
            # addcmul is not vectorised where a group is the innermost dimension.
            groups.mul_(scale).add_(zero_point)
        if size % GROUP:
            scale, zero_point = affine.narrow(axis, whole, 1)
            out.narrow(axis, whole * GROUP, size % GROUP).mul_(scale).add_(zero_point)

    def read_fused(self, layer: int, out: Tensor) -> None:
        """Do the same as `read` in one operation per group size, in fp32 within the kernel.

        This is for a GPU, where each step of `read` is a kernel launch and a pass over memory. On a CPU the
        operation is not vectorised.
        """
        packed = self.data[layer].to(out.device)
        data = packed if self.bits == 8 else packed.new_empty(out.shape)
        if self.bits < 8:
            _unpack(packed, self.bits, data)
        affine = self.scale_zero_point[layer].to(out.device, torch.float32)
        dequantize(data, affine, self.along.value, out)


@dataclass(frozen=True)
class QuantizedKV:
    """Quantised keys and values of some tokens in all layers: a StoredKV."""

    precision: KVPrecision
    keys: Quantized
    values: Quantized

    @property
    def tokens(self) -> int:
        return self.values.scale_zero_point.shape[3]

    @property
    def nbytes(self) -> int:
        return self.keys.nbytes + self.values.nbytes

    def read(self, layer: int, keys: Tensor, values: Tensor) -> None:
        self.keys.read(layer, keys)
        self.values.read(layer, values)

    def tensors(self) -> dict[str, Tensor]:
        """The tensors by the names that they have in files on disk."""
        return {
            "key_codes": self.keys.data,
            "key_grid": self.keys.scale_zero_point,
            "value_codes": self.values.data,
            "value_grid": self.values.scale_zero_point,
        }


def quantize(layers: Sequence[tuple[Tensor, Tensor]], precision: KVPrecision, device: torch.device) -> QuantizedKV:
    """Quantise per-layer keys and values, each (kv_heads, tokens, head_dim), and store them on `device`.

    Raises ValueError if there is no token, or a number that is not finite or beyond the range of fp16.
    """
    if not layers[0][0].shape[1]:
        raise ValueError("KV of no tokens cannot be quantised")
    keys = _quantize_layers([keys for keys, _ in layers], precision.bits, Along.TOKENS, device)
    values = _quantize_layers([values for _, values in layers], precision.bits, Along.CHANNELS, device)
    return QuantizedKV(precision, keys, values)


def restore(precision: KVPrecision, tensors: Mapping[str, Tensor]) -> QuantizedKV:
    """Return the KV whose `tensors()` these are.

    Raises ValueError if names, dtypes or shapes do not fit together.
    """
    bits = precision.bits
    key_affine, value_affine = tensors.get("key_grid"), tensors.get("value_grid")
    if key_affine is None or value_affine is None or key_affine.dim() != 5 or value_affine.dim() != 5:
        raise ValueError(f"KV in {precision.value} needs key_grid and value_grid of 5 dimensions")
    layers, _, kv_heads, _, head_dim = key_affine.shape
    tokens = value_affine.shape[3]
    data = (torch.uint8, (layers, kv_heads, _packed(tokens, bits), head_dim))
    expected = {
        "key_codes": data,
        "key_grid": (torch.float16, (layers, 2, kv_heads, math.ceil(tokens / GROUP), head_dim)),
        "value_codes": data,
        "value_grid": (torch.float16, (layers, 2, kv_heads, tokens, math.ceil(head_dim / GROUP))),
    }
    found = {name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in tensors.items()}
    if found != expected:
        raise ValueError(f"KV of {tokens} tokens in {precision.value} consists of {expected}, not of {found}")
    return QuantizedKV(
        precision,
        Quantized(bits, Along.TOKENS, tensors["key_codes"], key_affine),
        Quantized(bits, Along.CHANNELS, tensors["value_codes"], value_affine),
    )


def dequantize(codes: Tensor, affine: Tensor, axis: int, out: Tensor) -> None:
    """Write the numbers of `codes` (kv_heads, tokens, head_dim), one a byte, into `out` of the same shape.

    `affine`: scale and zero point of the groups along `axis`, fp32 (2, ...). It is one operation per group size,
    and rounds once to the format of `out`.
    """
    scales, zero_points = affine.unsqueeze(axis).unbind(0)
    first = 0
    for numbers, target in zip(_groups(codes, axis), _groups(out, axis), strict=True):
        count = target.shape[axis - 1]
        scale, zero_point = (each.narrow(axis - 1, first, count) for each in (scales, zero_points))
        torch.addcmul(zero_point, numbers, scale, out=target)
        first += count


def _quantize_layers(layers: Sequence[Tensor], bits: int, along: Along, device: torch.device) -> Quantized:
    """Quantise a few layers at a time, so that only these are held in fp32."""
    at_once = NUMBERS_AT_ONCE.get(layers[0].device.type, NUMBERS_AT_ONCE["cuda"])
    step = max(1, at_once // layers[0].numel())
    quantized = [
        _quantize(torch.stack(tuple(layers[first : first + step])), bits, along.value)
        for first in range(0, len(layers), step)
    ]
    data = torch.cat([data for data, _ in quantized]).to(device)
    return Quantized(bits, along, data, torch.cat([affine for _, affine in quantized]).to(device))


def _quantize(numbers: Tensor, bits: int, axis: int) -> tuple[Tensor, Tensor]:
    """Quantise some layers' keys or values, (layers, kv_heads, tokens, head_dim).

    Returns the packed data, and scale and zero point in one tensor, as in `Quantized`.
    """
    exact = numbers.float()
    groups = _groups(exact, axis)
    low = torch.cat([group.amin(axis) for group in groups], dim=axis)
    high = torch.cat([group.amax(axis) for group in groups], dim=axis)
    limit = torch.finfo(torch.float16).max
    if not bool(((low >= -limit) & (high <= limit)).all()):  # false for NaN too
        raise ValueError(
            f"KV that is not finite or beyond {limit:.0f} cannot be quantised; keep it in bf16 or fp32"
        )
    # The zero point is rounded down and the scale up, and the data are computed from both as rounded, so that no
    # number is clipped.
    zero_point = _fp16_below(low)
    scale = -_fp16_below((zero_point.float() - high) / (2**bits - 1))

    def each(of_groups: Tensor) -> Tensor:
        """Repeat every group's value for each number of the group."""
        return of_groups.float().repeat_interleave(GROUP, dim=axis).narrow(axis, 0, exact.shape[axis])

    divisor = each(torch.where(scale > 0, scale, 1))  # the scale is 0 where all numbers of a group are equal
    data = ((exact - each(zero_point)) / divisor).round_().clamp_(0, 2**bits - 1).to(torch.uint8)
    return _pack(data, bits), torch.stack([scale, zero_point], dim=1)


def _groups(numbers: Tensor, axis: int) -> list[Tensor]:
    """Return views of the whole groups and of the shorter last one: groups in dimension `axis` - 1, numbers in
    `axis`."""
    size = numbers.shape[axis]
    whole, rest = divmod(size, GROUP)
    views = []
    if whole:
        views.append(numbers.narrow(axis, 0, size - rest).unflatten(axis, (whole, GROUP)))
    if rest:
        views.append(numbers.narrow(axis, size - rest, rest).unflatten(axis, (1, rest)))
    return views


def _fp16_below(exact: Tensor) -> Tensor:
    """Return the largest fp16 numbers that are not above these fp32 numbers, which lie in fp16's range."""
    near = exact.half()
    bits = near.view(torch.int16)  # without the sign, their order is that of the magnitudes
    beneath = torch.where(bits < 0, bits + 1, bits - 1).view(torch.float16)
    return torch.where(near.float() > exact, beneath, near)


def _packed(tokens: int, bits: int) -> int:
    """Bytes of one channel's data."""
    return math.ceil(tokens * bits / 8)


def _pack(data: Tensor, bits: int) -> Tensor:
    """Pack one number a byte, (layers, kv_heads, tokens, head_dim), into (layers, kv_heads, packed, head_dim)."""
    layers, kv_heads, tokens, head_dim = data.shape
    packed = data.new_zeros(layers, kv_heads, _packed(tokens, bits), head_dim)
    for place, part in enumerate(data.split(packed.shape[2], dim=2)):
        packed[:, :, : part.shape[2]] |= part << place * bits
    return packed


def _unpack(packed: Tensor, bits: int, out: Tensor) -> None:
    """Write the integers of packed data (kv_heads, packed, head_dim) into `out` (kv_heads, tokens, head_dim)."""
    tokens, span = out.shape[1], packed.shape[1]
    for place, first in enumerate(range(0, tokens, span)):
        shift = place * bits
        part = packed[:, : tokens - first]
        if shift:
            part = part >> shift
        if shift + bits < 8:  # above the highest bits there are no others to mask
            part = part & (2**bits - 1)
        out[:, first : first + span].copy_(part)
