"""Measures full attention over the same tokens and weights: transformers' plain forward pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from statistics import median
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from parallelcomp import LoadedModel
from parallelcomp.attention.attention import NAME
from parallelcomp.memory import check_plain

from .flops import linear_weights, reading_flops
from .ledger import Row
from .ours import repeated
from .settings import Settings
from .timing import peak_gb, timed

WARMING_TOKENS = 256


class Full:
    """Measures prefill and decoding with full attention. `rate` is the FLOP/s of a large matrix product."""

    def __init__(self, loaded: LoadedModel, settings: Settings, ids: Sequence[int], rate: float) -> None:
        self.loaded, self.settings, self.ids, self.rate = loaded, settings, ids, rate
        self.weights = linear_weights(loaded.model)

    def prompt(self, tokens: int, backend: SDPBackend | None) -> Iterator[Row]:
        """Measure prefill of a prompt of `tokens` tokens and decoding after it; yield a row for each.

        `backend` is the kernel of torch SDPA; None lets torch choose. Raises MemoryPlanError if it does not fit.
        """
        spec = self.loaded.spec
        check_plain(spec, tokens + self.settings.decoded_tokens)
        kernel = sdpa_kernel(backend) if backend is not None else nullcontext()
        with plain_attention(self.loaded.model, tokens + self.settings.decoded_tokens), kernel:
            self._prefill(WARMING_TOKENS)
            outputs: list[Any] = []

            def once() -> float:
                outputs.clear()
                out, seconds = timed(spec.device, lambda: self._prefill(tokens))
                outputs.append(out)
                return seconds

            each = repeated(once)
            seconds = median(each)
            flops = reading_flops(self.weights, spec, [tokens])
            yield {
                "part": "reading",
                "seconds": seconds,
                "seconds_each": each,
                "tokens_per_s": tokens / seconds,
                "tflops": flops / seconds / 1e12,
                "share_of_matrix_rate": flops / seconds / self.rate,
                "peak_gb": peak_gb(spec.device),
            }
            _, decode_s = timed(spec.device, lambda: self._decode(outputs.pop()))
            yield {
                "part": "decoding",
                "decoded_tokens": self.settings.decoded_tokens,
                "decode_ms_per_token": decode_s / self.settings.decoded_tokens * 1e3,
                "peak_gb": peak_gb(spec.device),
            }

    @torch.inference_mode()
    def _prefill(self, tokens: int) -> Any:
        ids = torch.tensor([self.ids[:tokens]], device=self.loaded.spec.device)
        return self.loaded.model(input_ids=ids, use_cache=True, logits_to_keep=1)

    @torch.inference_mode()
    def _decode(self, out: Any) -> None:
        for _ in range(self.settings.decoded_tokens):
            token = out.logits[:, -1:].argmax(dim=-1)
            out = self.loaded.model(
                input_ids=token, past_key_values=out.past_key_values, use_cache=True, logits_to_keep=1
            )


@contextmanager
def plain_attention(model: Any, window: int) -> Iterator[None]:
    """Let the model attend by transformers' SDPA, up to `window` tokens; afterwards by the engine's function again.

    The rotation of default RoPE does not depend on the window, so a wider window changes no operation.
    """
    before = model.config.max_position_embeddings
    model.config.max_position_embeddings = max(before, window)
    model.set_attn_implementation("sdpa")
    try:
        yield
    finally:
        model.set_attn_implementation(NAME)
        model.config.max_position_embeddings = before
