"""RoPE stretched over more tokens than the model was trained on, by transformers' own formulas."""

from __future__ import annotations

import copy
from enum import Enum
from typing import Any

import torch
from torch import Tensor
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from ..method import NotApplicable

# This is the usual factor in transformers. With 1, only the lowest frequency would stay within the angles it was
# trained on; with 2, nearly all frequencies that turn less than once in the window do.
NTK_FACTOR = 2.0
# The length to stretch to is rounded up to a multiple of this many tokens, so that questions of different lengths
# find the document read with the same frequencies.
STEP = 1024


class Stretch(Enum):
    """How RoPE is stretched; the values are transformers' `rope_type`."""

    NTK = "dynamic"
    """A larger base, so that the lowest frequency turns no further than in training (dynamic NTK)."""
    YARN = "yarn"
    """Low frequencies slowed down, high ones left, attention sharpened (arXiv 2309.00071)."""


def frequencies(config: Any, stretch: Stretch, tokens: int, device: torch.device) -> tuple[Tensor, float]:
    """Return inverse frequencies (rotary_dim / 2,) for a text of `tokens` tokens, and the factor on cos and sin.

    Both follow from the text's length, which is known before reading. transformers' own dynamic layer would change
    the frequencies while a text is read in slices, so that cached keys would no longer match. Within the window
    both are the model's own. Raises NotApplicable if the model stretches its RoPE itself.
    """
    own = config.rope_parameters
    if own.get("rope_type", "default") != "default":
        raise NotApplicable(f"the model scales its RoPE itself ({own['rope_type']})")
    window = config.max_position_embeddings
    length = max(-(-tokens // STEP) * STEP, window)
    stretched = copy.deepcopy(config)
    # Dynamic NTK also grows with the length; YaRN depends on the factor alone.
    factor = NTK_FACTOR if stretch is Stretch.NTK else length / window
    stretched.rope_parameters = {**own, "rope_type": stretch.value, "factor": factor}
    if stretch is Stretch.YARN:
        stretched.rope_parameters["original_max_position_embeddings"] = window
    inverse, attention_factor = ROPE_INIT_FUNCTIONS[stretch.value](stretched, device, seq_len=length)
    return inverse, float(attention_factor)
