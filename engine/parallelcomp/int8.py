"""A model whose linear layers hold their weights in 8 bits alone, for x86 CPUs.

These multiply 8-bit integers at least as fast as floats, and read a half or a quarter of the bytes for each token
that is decoded. Stored KV would differ from that of the same model in fp32, so this is for a model that writes
answers, not for one that reads documents. `decoding.weights` is for one that does both: its 8 bits are a copy.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from .loading import load
from .models.model import LoadedModel

LARGEST = 127
# CPUs without VNNI add two products of 8-bit numbers in 16 bits, which overflow unless activations keep to 7 bits.
LARGEST_ACTIVATION = 63
# Activations are unsigned, which is the kernel's fast case.
ZERO_POINT = 64
# Numbers that are quantized at once.
BLOCK = 1 << 18
TINY = torch.finfo(torch.float32).tiny


class Int8Linear(nn.Module):
    """A linear layer with weights in 8 bits, one scale for each output channel, and one for each row of the input.

    With one scale for all rows of an input, the few tokens that attract attention, whose activations are a thousand
    times larger, would leave nothing of the others (docs/log.md, trial 14).
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        codes, self._scales = _quantized(linear.weight.detach())
        self._zeros = torch.zeros(len(codes), dtype=torch.long)
        self._packed = torch.ops.onednn.qlinear_prepack(codes, None)
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.bias = None if linear.bias is None else linear.bias.detach().float()

    @property
    def bytes(self) -> int:
        """Bytes of the weights and of their scales."""
        return self.in_features * self.out_features + 4 * self.out_features

    def forward(self, input: Tensor) -> Tensor:
        rows = input.reshape(-1, self.in_features)
        steps = rows.abs().amax(dim=1, keepdim=True).div_(LARGEST_ACTIVATION).clamp_min_(TINY)
        codes = (rows / steps).round_().add_(ZERO_POINT).to(torch.uint8)
        out: Tensor = torch.ops.onednn.qlinear_pointwise(
            codes,
            1.0,
            ZERO_POINT,
            self._packed,
            self._scales,
            self._zeros,
            None,
            1.0,
            0,
            torch.float32,
            "none",
            [],
            "",
        )
        out = out.mul_(steps).view(*input.shape[:-1], self.out_features)
        return out if self.bias is None else out.add_(self.bias)


def _quantized(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return a weight (out, in) in 8 bits, and its scales (out,).

    A block of rows is done at a time, so that it stays in the CPU's cache.
    """
    codes = torch.empty(weight.shape, dtype=torch.int8)
    scales = torch.empty(len(weight))
    rows = max(1, BLOCK // weight.shape[1])
    for first in range(0, len(weight), rows):
        block = weight[first : first + rows].float()
        scale = torch.maximum(block.amax(dim=1), -block.amin(dim=1)).div_(LARGEST)
        scale.clamp_min_(TINY)
        codes[first : first + rows] = block.div_(scale[:, None]).round_()
        scales[first : first + rows] = scale
    return codes, scales


def int8_is_faster(device: torch.device, dtype: torch.dtype) -> bool:
    """Return whether linear layers in 8 bits are faster than in this format: on an x86 CPU.

    With AMX a model in 8 bits reads as fast as in bf16 and decodes 1.3 to 2 times as fast, with bf16 instructions
    alone it reads 1.7 times as fast, without more than twice.
    """
    if device.type != "cpu" or "x86" not in torch.backends.quantized.supported_engines:
        return False
    return dtype in (torch.float32, torch.bfloat16)


def load_int8(name: str | Path) -> LoadedModel:
    """Load a causal LM with its linear layers in 8 bits, its embeddings in bf16, and all else in fp32.

    It takes little more than one byte a weight. The fingerprint is the one that it has in bf16. A checkpoint that
    is quantised already, and a model with experts, which are no linear layers, stay as they are in bf16. Raises
    what `load` raises, and ValueError where torch has no such kernels.
    """
    cpu = torch.device("cpu")
    if not int8_is_faster(cpu, torch.float32):
        raise ValueError("8-bit linear layers want an x86 CPU, for which torch has the kernels")
    loaded = load(name, device=cpu, dtype=torch.bfloat16)
    if loaded.spec.quantization is not None or loaded.spec.experts_per_token:
        return loaded
    places: list[tuple[nn.Module, str, nn.Linear]] = []
    for module in loaded.model.modules():
        for child_name, child in module.named_children():
            if isinstance(child, nn.Linear):
                places.append((module, child_name, child))
            elif isinstance(child, nn.Embedding):
                child.register_forward_hook(_to_fp32)
            elif not list(child.children()):
                child.float()
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:  # packing uses one thread and lets others run
        for (module, child_name, _), made in zip(
            places, threads.map(lambda place: Int8Linear(place[2]), places), strict=True
        ):
            setattr(module, child_name, made)
    return replace(loaded, spec=replace(loaded.spec, dtype=torch.float32, weight_bytes=_bytes(loaded.model)))


def _to_fp32(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
    """Return the embedded tokens in fp32. The table itself stays in bf16."""
    return output.float()


def _bytes(model: nn.Module) -> int:
    plain = sum(one.numel() * one.element_size() for one in model.parameters())
    return plain + sum(module.bytes for module in model.modules() if isinstance(module, Int8Linear))
