"""Experts of a mixture whose weights are quantised: one tensor (experts, outputs, inputs) for all of a layer.

transformers takes an expert out of that tensor, or multiplies by all of them at once, in ways that quantised
tensors do not have. Here each expert that some token goes to is taken out by its number.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NAME = "parallelcomp_quantised_experts"
# The parameters of a layer's experts, as transformers names them.
PARAMETERS = ("gate_up_proj", "down_proj")
# Matches these, and the names of the linear layers beside them, as torchao reads it. Routers have other names.
PROJECTIONS = "re:.*_proj"


def experts_of(model: nn.Module) -> list[nn.Module]:
    """Return the modules of a model that hold the experts of a layer."""
    return [one for one in model.modules() if getattr(getattr(one, "down_proj", None), "ndim", 0) == 3]


def can_quantize(module: nn.Module) -> bool:
    """Return whether these experts are linear layers of the usual kind: outputs before inputs, and no bias."""
    return getattr(module, "is_transposed", True) is False and not getattr(module, "has_bias", True)


def linear_shapes(module: nn.Module) -> list[tuple[int, int]]:
    """Return inputs and outputs of every matrix of a layer's experts."""
    shapes = [getattr(module, name).shape for name in PARAMETERS]
    return [(inputs, outputs) for experts, outputs, inputs in shapes for _ in range(experts)]


def run_experts(module: Any, states: Tensor, experts: Tensor, shares: Tensor) -> Tensor:
    """Run `states` (tokens, hidden size) through their `experts` (tokens, each), weighted by `shares`."""
    out = torch.zeros_like(states)
    for expert in experts.unique().tolist():
        token, place = torch.where(experts == expert)
        with torch.inference_mode(False):  # in which a part of a quantised tensor cannot be taken
            gate_up, down = module.gate_up_proj[expert], module.down_proj[expert]
        gate, up = F.linear(states[token], gate_up).chunk(2, dim=-1)
        said = F.linear(module.act_fn(gate) * up, down) * shares[token, place, None]
        out.index_add_(0, token, said.to(out.dtype))
    return out


def register() -> None:
    """Make `run_experts` known to transformers as an `experts_implementation` of this NAME."""
    from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

    ALL_EXPERTS_FUNCTIONS.register(NAME, run_experts)
