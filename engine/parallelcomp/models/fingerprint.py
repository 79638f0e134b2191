"""What identifies a model: a hash of its config and of some numbers of every tensor.

Libraries on disk are keyed by it, so what is hashed of a model that is not quantised never changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

# Entries of a config that say where and by which program a model was saved. They do not change what it computes.
_NOT_IDENTITY = frozenset(
    {
        "_name_or_path",
        "transformers_version",
        "architectures",
        "_attn_implementation",
        "use_cache",
        "torch_dtype",
    }
)


def fingerprint(config: Any, tensors: Mapping[str, Tensor], method: str | None, samples: int = 64) -> str:
    """Hash the architecture and `samples` numbers of every tensor, which is quick and tells models apart.

    `tensors` are the parameters of a model that is not quantised, and all of `state_tensors` of one that is
    quantised by `method`.
    """
    digest = hashlib.sha256()
    facts = {name: value for name, value in config.to_dict().items() if name not in _NOT_IDENTITY}
    if method is not None:
        facts["quantization_config"] = method  # its settings may be an object; what they did is in the tensors
    digest.update(repr(sorted(facts.items(), key=lambda item: item[0])).encode())
    for name, tensor in tensors.items():
        flat = tensor.detach().reshape(-1)
        step = max(1, flat.numel() // samples)
        exact = torch.float32 if tensor.is_floating_point() else torch.int64
        picked = flat[::step][:samples].to("cpu", exact)
        digest.update(name.encode() + repr(tuple(tensor.shape)).encode() + picked.numpy().tobytes())
    return digest.hexdigest()[:32]


def state_tensors(model: Any) -> dict[str, Tensor]:
    """Return every tensor that a quantised model's weights consist of, by name: packed numbers, scales and zero
    points, which are partly buffers, and partly hidden inside one tensor."""
    found: dict[str, Tensor] = {}
    for name, tensor in model.state_dict().items():
        _flatten(name, tensor, found)
    return found


def _flatten(name: str, tensor: Tensor, found: dict[str, Tensor]) -> None:
    if not hasattr(tensor, "__tensor_flatten__"):
        found[name] = tensor
        return
    for part in tensor.__tensor_flatten__()[0]:
        _flatten(f"{name}.{part}", getattr(tensor, part), found)
