"""What a person chooses: model, device, engine settings, how to answer."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from parallelcomp import EngineConfig, Sampling


@dataclass(frozen=True)
class Settings:
    """`model` is a Hugging Face id or a folder, None the embedded model. `device` None is CUDA where there is
    one. `found_margin`: nats per token by which the best chunk must make the question more likely than the
    prefix alone does, for an answer to count as found."""

    model: str | None = None
    device: torch.device | None = None
    engine: EngineConfig = field(default_factory=EngineConfig)
    sampling: Sampling = field(default_factory=Sampling)
    citations: int = 5
    found_margin: float = 0.0
