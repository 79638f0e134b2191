"""A second copy of the weights in 8 bits, for decoding on a CPU.

A decoded token costs one reading of all weights, and 8 bits are read in half the time of 16. All other passes
(reading, scoring, the question) use the weights as they are, so that neither stored KV nor scores depend on this.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from enum import Enum

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models.model import LoadedModel


class DecodeWeights(Enum):
    """Number format of the weights that decoding multiplies by."""

    FULL = "full"
    """The model's own format."""
    INT8 = "int8"
    """8 bits with one scale per output channel; takes half the memory of the weights on top of them."""


# Up to so many rows (sequences of a mixture) the 8-bit kernel is faster than the ordinary one.
FEW = 4
LARGEST = 127
# The kernel reads inputs in vectors of this many numbers; of other input sizes it would read beyond the end.
VECTOR = 32


class DecodeLinear(nn.Linear):
    """A linear layer that multiplies up to `FEW` rows by weights in 8 bits, with one scale for each output channel.

    More rows are multiplied by the layer's own weights.
    """

    data: Tensor
    scales: Tensor

    @classmethod
    def of(cls, linear: nn.Linear) -> DecodeLinear:
        """Return the layer with its own weight and bias, and 8-bit data (out, in) and scales (out,) beside them."""
        made = cls(1, 1, bias=False, device="meta")
        made.in_features, made.out_features = linear.in_features, linear.out_features
        made.weight, made.bias = linear.weight, linear.bias
        weight = linear.weight.detach().float()
        scales = (weight.abs().amax(dim=1) / LARGEST).clamp_min(torch.finfo(torch.float32).tiny)
        made.register_buffer("data", (weight / scales[:, None]).round().to(torch.int8), persistent=False)
        made.register_buffer("scales", scales.to(linear.weight.dtype), persistent=False)
        return made

    def forward(self, input: Tensor) -> Tensor:
        rows = input.numel() // input.shape[-1]
        if rows > FEW:
            return F.linear(input, self.weight, self.bias)
        out = torch._weight_int8pack_mm(input.reshape(rows, -1), self.data, self.scales)
        out = out.view(*input.shape[:-1], -1)
        return out if self.bias is None else out + self.bias


def can_quantize_decode(loaded: LoadedModel) -> bool:
    """Whether the model is in bf16 on a CPU and this torch has the 8-bit kernel."""
    spec = loaded.spec
    if spec.quantization is not None:
        return False
    return spec.device.type == "cpu" and spec.dtype is torch.bfloat16 and hasattr(torch, "_weight_int8pack_mm")


def quantize_decode(loaded: LoadedModel) -> LoadedModel:
    """Return the model with a decoder: a copy of its modules that shares its weights, with linear layers in 8 bits.

    All passes but those of single answer tokens go through the model as it was. Raises ValueError if
    `can_quantize_decode` is false.
    """
    if not can_quantize_decode(loaded):
        what = loaded.spec.quantization or loaded.spec.dtype
        raise ValueError(f"8-bit decode wants bf16 on a CPU, not {what} on {loaded.spec.device.type}")
    # The copy is of the modules alone; parameters and buffers are the model's own.
    shared = {id(one): one for one in (*loaded.model.parameters(), *loaded.model.buffers())}
    decoder = deepcopy(loaded.model, shared)
    for module in list(decoder.modules()):
        for name, child in list(module.named_children()):
            if type(child) is nn.Linear and child.in_features % VECTOR == 0:
                setattr(module, name, DecodeLinear.of(child))
    return replace(loaded, decoder=decoder)
