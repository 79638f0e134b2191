"""The number format of a model's weights: which there are, what each needs, and how many bytes it takes.

Formats below 16 bits are those of transformers' own quantisers. They hold the linear layers; embeddings, norms and
the output matrix stay in the format that is computed in. Checkpoints that are quantised already say so in their
config, and are loaded as they are.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM

from ..errors import WeightsError
from .experts import PROJECTIONS, can_quantize, experts_of, linear_shapes
from .families import text_config


class Weights(Enum):
    """Number format in which a model's linear layers hold their weights."""

    BF16 = "bf16"
    """As most models are published."""
    INT8 = "int8"
    """8-bit integers with one scale for each output channel (torchao)."""
    INT4 = "int4"
    """4-bit integers with a scale and a zero point for each 128 weights (torchao, on a CUDA device)."""
    FP8 = "fp8"
    """8-bit floating point with one scale for each output channel (torchao)."""
    NF4 = "nf4"
    """4 bits at the quantiles of a normal distribution, with a scale for each 64 weights (bitsandbytes)."""

    @property
    def library(self) -> str | None:
        """The package that quantises; None where nothing is quantised."""
        return {Weights.BF16: None, Weights.NF4: "bitsandbytes"}.get(self, "torchao")

    def linear_bytes(self, inputs: int, outputs: int, number: int) -> float:
        """Return the bytes of a linear layer's weights; `number` is the bytes of a number that is computed with."""
        count = inputs * outputs
        return {
            Weights.BF16: 2.0 * count,
            Weights.INT8: count + number * outputs,
            Weights.FP8: count + 4 * outputs,
            Weights.INT4: count / 2 + 2 * number * (count / INT4_GROUP),
            # The scales of 64 weights are 8-bit numbers themselves, with a scale for each 256 of them.
            Weights.NF4: count / 2 + count / 64 + 4 * (count / 64 / 256),
        }[self]


INT4_GROUP = 128
# The formats in which experts can be, too, which are no linear layers of their own.
OF_EXPERTS = (Weights.INT8, Weights.FP8)
# The devices on which a format's kernels run.
DEVICES = {
    Weights.INT8: ("cuda", "cpu", "mps"),
    Weights.FP8: ("cuda", "cpu"),
    Weights.NF4: ("cuda", "cpu"),
    Weights.INT4: ("cuda",),
}
# The packages that transformers needs for checkpoints that are quantised already, by what their config says.
READY_MADE = {
    "awq": ("gptqmodel",),
    "bitsandbytes": ("bitsandbytes",),
    "compressed-tensors": ("compressed_tensors",),
    "gptq": ("gptqmodel", "optimum"),
    "torchao": ("torchao",),
}


@dataclass(frozen=True)
class ModelSize:
    """How many weights a model has, of which `linear` belong to layers that can be quantised, and their shapes.

    `has_experts`: some of these are experts'. `has_others`: there are experts that cannot be quantised.
    """

    parameters: int
    linear: tuple[tuple[int, int], ...]
    has_experts: bool = False
    has_others: bool = False

    def bytes(self, weights: Weights | None, dtype: torch.dtype) -> int:
        """Return the bytes of all weights, with everything but the quantised layers in `dtype`."""
        number = dtype.itemsize
        others = self.parameters - sum(inputs * outputs for inputs, outputs in self.linear)
        if weights is None or weights is Weights.BF16:
            return self.parameters * number
        return int(others * number + sum(weights.linear_bytes(*shape, number) for shape in self.linear))


def size_of(config: Any) -> ModelSize:
    """Return the size of a model's text part from its config alone. No memory is taken for its weights."""
    config = copy.deepcopy(text_config(config))
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    output = model.get_output_embeddings()
    linear = [one for one in model.modules() if isinstance(one, nn.Linear) and one is not output]
    layers = experts_of(model)
    experts = [one for one in layers if can_quantize(one)]
    shapes = [(one.in_features, one.out_features) for one in linear]
    shapes += [shape for one in experts for shape in linear_shapes(one)]
    parameters = sum(one.numel() for one in model.parameters())
    return ModelSize(parameters, tuple(shapes), bool(experts), len(experts) < len(layers))


def ready_made(config: Any) -> str | None:
    """Return by which method a checkpoint is quantised already, as its config names it; None if it is not."""
    found = getattr(config, "quantization_config", None)
    if found is None:
        return None
    settings = found if isinstance(found, Mapping) else found.to_dict()
    method = settings.get("quant_method", "unknown")
    return str(getattr(method, "value", method))


def check_weights(config: Any, weights: Weights | None, device: torch.device, dtype: torch.dtype) -> None:
    """Raise WeightsError, with what to do, if this model's weights cannot be in this format on this device."""
    method = ready_made(config)
    if method is not None:
        if weights is not None:
            raise WeightsError(
                f"this model's weights are quantised already ({method}), and cannot be put into {weights.value}: "
                "leave out the choice of weights, or name the model that is not quantised"
            )
        _need(READY_MADE.get(method, ()), f"a model that is quantised by {method}")
        return
    if weights is None:
        return
    if weights is Weights.BF16:
        if dtype is not torch.bfloat16:
            raise WeightsError(
                f"weights in bf16 are computed with in bf16, not in {str(dtype).removeprefix('torch.')}: choose one"
            )
        return
    size = size_of(config)
    if size.has_others or (size.has_experts and weights not in OF_EXPERTS):
        able = "" if size.has_others else f"choose {' or '.join(one.value for one in OF_EXPERTS)}, "
        raise WeightsError(
            f"this model has experts, which cannot be put into {weights.value} while they are loaded: {able}name a "
            "checkpoint that is quantised already (GPTQ, AWQ, compressed-tensors, fp8), or leave out the choice"
        )
    _need((str(weights.library),), f"weights in {weights.value}")
    _check_device(weights, device, dtype)


def _need(packages: tuple[str, ...], what: str) -> None:
    """Raise WeightsError if one of these packages is not installed."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        names = " ".join(package.replace("_", "-") for package in missing)
        raise WeightsError(f"{what} needs a library that is not installed: pip install {names}")


def _check_device(weights: Weights, device: torch.device, dtype: torch.dtype) -> None:
    if device.type not in DEVICES[weights]:
        other = ", ".join(one.value for one in Weights if device.type in DEVICES.get(one, (device.type,)))
        raise WeightsError(
            f"weights in {weights.value} have no kernels for {device.type}; there they can be in {other}"
        )
    if weights is not Weights.INT4:
        return
    if dtype is not torch.bfloat16 or torch.cuda.get_device_capability(device) < (8, 0):
        raise WeightsError(
            "weights in int4 want bf16 and a CUDA device of compute capability 8.0 (RTX 30) or newer: choose nf4"
        )


def quantization_config(weights: Weights | None, dtype: torch.dtype, *, experts: bool = False) -> Any:
    """Return what transformers wants to be told to quantise while it loads; None if it should not.

    `experts`: the model has experts, which are to be quantised, too.
    """
    if weights is None or weights is Weights.BF16:
        return None
    if weights is Weights.NF4:
        from transformers import BitsAndBytesConfig

        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=dtype,
            bnb_4bit_use_double_quant=True,
        )
    import torchao.quantization as torchao
    from transformers import TorchAoConfig

    if weights is Weights.INT4:
        # This packing uses a kernel that torch itself has.
        kind = torchao.Int4WeightOnlyConfig(group_size=INT4_GROUP, int4_packing_format="tile_packed_to_4d")
    else:
        kind = {
            Weights.INT8: torchao.Int8WeightOnlyConfig,
            Weights.FP8: torchao.Float8WeightOnlyConfig,
        }[weights]()
    if experts:
        kind = torchao.FqnToConfig({PROJECTIONS: kind})
    return TorchAoConfig(kind)
