"""Answers requests in kvpress's own environment: JSON lines on stdin, and an answer on stdout for each.

It imports nothing of this project, whose transformers is newer than kvpress allows. Requests hold the text, the
question and the wanted answer as token ids, and RoPE as its frequencies.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import kvpress
import torch
import transformers
from torch import Tensor
from transformers import AutoModelForCausalLM, DynamicCache
from transformers.utils import logging


class Pressed:
    """A model, and the KV of the last text as a press left it."""

    def __init__(self, folder: str, dtype: str, device: str) -> None:
        self._model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=getattr(torch, dtype), attn_implementation="sdpa"
        ).to(device)
        self._model.requires_grad_(False).eval()
        self._cache = DynamicCache()
        self._read: object = None
        self._tokens = 0

    @torch.inference_mode()
    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Read and compress the text unless the last request did, answer, and take the wanted answer's NLL."""
        started = time.perf_counter()
        read = {name: request[name] for name in ("press", "compressed", "kept", "inverse", "factor")}
        if read != self._read:
            self._compress(**read)
            self._read = read
        compressed = time.perf_counter()
        last = self._run(request["asked"], 0)
        held = [layer.keys.shape[2] for layer in self._cache.layers]
        said = self._greedy(last, request)
        answered = time.perf_counter()
        self._crop(held)
        nll = self._nll(last, request["wanted"], len(request["asked"]))
        self._crop([tokens - len(request["asked"]) for tokens in held])
        return {"said": said, "nll": nll, "read_s": compressed - started, "answer_s": answered - compressed}

    def _compress(self, press: str, compressed: list[int], kept: int, inverse: list[float], factor: float) -> None:
        rotary = self._model.model.rotary_emb
        rotary.inv_freq = torch.tensor(inverse, device=self._model.device)
        rotary.attention_scaling = factor
        self._cache, self._tokens = DynamicCache(), len(compressed)
        # Ask for half a token more than wanted: kvpress rounds the product down.
        ratio = max(0.0, 1 - (kept + 0.5) / self._tokens)
        with getattr(kvpress, press)(compression_ratio=ratio)(self._model):
            ids = torch.tensor([compressed], device=self._model.device)
            self._model.model(input_ids=ids, past_key_values=self._cache)

    def _run(self, token_ids: list[int], after: int) -> Tensor:
        """Append tokens at positions from `after` behind the text; return logits, fp32 (tokens, vocabulary).

        Positions go on where the text ended, however much of it is left.
        """
        first = self._tokens + after
        positions = torch.arange(first, first + len(token_ids), device=self._model.device)
        ids = torch.tensor([token_ids], device=self._model.device)
        out = self._model(input_ids=ids, past_key_values=self._cache, position_ids=positions[None])
        logits: Tensor = out.logits[0].float()
        return logits

    def _greedy(self, last: Tensor, request: dict[str, Any]) -> list[int]:
        said: list[int] = []
        while len(said) < request["max_new_tokens"]:
            if said:
                last = self._run(said[-1:], len(request["asked"]) + len(said) - 1)
            token = int(last[-1].argmax())
            if token in request["stop"]:
                break
            said.append(token)
        return said

    def _nll(self, last: Tensor, wanted: list[int], after: int) -> float:
        logits = last[-1:]
        if len(wanted) > 1:
            logits = torch.cat([logits, self._run(wanted[:-1], after)])
        return float(torch.nn.functional.cross_entropy(logits, torch.tensor(wanted, device=logits.device)))

    def _crop(self, tokens: list[int]) -> None:
        for layer, length in zip(self._cache.layers, tokens, strict=True):
            layer.keys, layer.values = layer.keys[:, :, :length], layer.values[:, :, :length]


def main() -> None:
    """Serve requests as `kvpress_child.py FOLDER DTYPE DEVICE`; the first line out gives transformers' version."""
    logging.disable_progress_bar()
    pressed = Pressed(*sys.argv[1:4])
    print(json.dumps({"transformers": transformers.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(pressed.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
