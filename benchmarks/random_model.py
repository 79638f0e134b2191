"""A model of random weights with a real tokenizer: it reads thousands of tokens a second and answers nonsense."""

from __future__ import annotations

from pathlib import Path


def write_random_model(folder: Path, tokenizer_of: Path, deviation: float = 0.02) -> None:
    """Write a Llama of two layers, the same at every call, into a folder, with the tokenizer of another model's.

    `deviation` is the standard deviation of its weights. With the 0.02 of untrained models the answer hardly
    depends on the prompt; with 0.3 every question to every document has an answer of its own.
    """
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(str(tokenizer_of))
    torch.manual_seed(5)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        eos_token_id=tokenizer.eos_token_id,
        initializer_range=deviation,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
