"""Makes models of known shapes with random weights, on the device and in seconds."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen3Config

from parallelcomp import LoadedModel, adopt

WEIGHT_STD = 0.02


@dataclass(frozen=True)
class Shape:
    """The shape of a model of Llama's or Qwen3's kind; `window` is in tokens. Embedding and head are never tied."""

    layers: int
    hidden_size: int
    intermediate_size: int
    query_heads: int
    kv_heads: int
    vocabulary: int
    window: int
    rope_theta: float
    kind: type[LlamaConfig] | type[Qwen3Config] = LlamaConfig

    def config(self) -> LlamaConfig | Qwen3Config:
        return self.kind(
            vocab_size=self.vocabulary,
            hidden_size=self.hidden_size,
            intermediate_size=self.intermediate_size,
            num_hidden_layers=self.layers,
            num_attention_heads=self.query_heads,
            num_key_value_heads=self.kv_heads,
            head_dim=self.hidden_size // self.query_heads,
            max_position_embeddings=self.window,
            rope_parameters={"rope_type": "default", "rope_theta": self.rope_theta},
            bos_token_id=None,
            eos_token_id=None,
            pad_token_id=None,
        )


SHAPES = {
    "llama-3-8b": Shape(32, 4096, 14336, 32, 8, 128256, 8192, 500000.0),
    "qwen3-8b": Shape(36, 4096, 12288, 32, 8, 151936, 40960, 1000000.0, Qwen3Config),
    "llama-2-7b": Shape(32, 4096, 11008, 32, 32, 32000, 4096, 10000.0),
    "llama-1b": Shape(16, 2048, 8192, 32, 8, 128256, 8192, 500000.0),
    "tiny": Shape(3, 64, 160, 4, 2, 512, 1024, 10000.0),
}


def random_model(shape: Shape, device: torch.device, dtype: torch.dtype) -> LoadedModel:
    """Return a model of this shape for the engine, with weights drawn on the device and norms of one."""
    config = shape.config()
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config).to(dtype)
    model.to_empty(device=device)
    # RoPE's frequencies are not weights: `to_empty` left them as whatever the memory held.
    model.model.rotary_emb = type(model.model.rotary_emb)(config).to(device)
    generator = torch.Generator(device).manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.fill_(1)
            else:
                parameter.normal_(std=WEIGHT_STD, generator=generator)
    return adopt(model)


def in_int8(loaded: LoadedModel) -> LoadedModel:
    """Return the model with its linear layers in 8 bits, as `--weights int8` has them; it is changed itself.

    Needs torchao.
    """
    from torchao.quantization import Int8WeightOnlyConfig, quantize_
    from transformers import TorchAoConfig

    model = loaded.model
    head = model.get_output_embeddings()
    quantize_(model, Int8WeightOnlyConfig(), lambda one, _: isinstance(one, nn.Linear) and one is not head)
    model.config.quantization_config = TorchAoConfig(Int8WeightOnlyConfig())
    return adopt(model)
