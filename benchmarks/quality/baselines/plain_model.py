"""The model as transformers runs it: full attention by SDPA, on the weights that are loaded already."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

import torch
from accelerate import init_empty_weights
from torch import Tensor
from transformers import DynamicCache

from wholedoc.models.text_model import TextModel

from .asked import Asked, Asker, Reply, Said
from .rope import Stretch, frequencies

# Tokens in a forward pass. The mask of a pass is (slice, tokens): that of a long text read at once would fill the
# memory.
SLICE = 1024


def twin(model: Any) -> Any:
    """Return a second instance of a transformers model on the same weight tensors, which attends by SDPA."""
    with init_empty_weights(include_buffers=False):
        other = type(model)(copy.deepcopy(model.config))
    other.load_state_dict(model.state_dict(), assign=True)
    other.set_attn_implementation("sdpa")
    return other.requires_grad_(False).eval().to(model.device)


class PlainModel:
    """Reads ordinary prompts and answers greedily. It keeps the last prompt's KV, and reads only what differs."""

    def __init__(self, model: TextModel, slice_tokens: int = SLICE) -> None:
        self.text_model = model
        self.model = twin(model.loaded.model)
        self._rotary = self.model.base_model.rotary_emb
        self._slice = slice_tokens
        self._cache = DynamicCache()
        self._read: tuple[int, ...] = ()

    @property
    def window(self) -> int:
        """The longest context that the model was trained on, in tokens."""
        return self.text_model.loaded.spec.window

    def stretch(self, how: Stretch, tokens: int) -> None:
        """Stretch RoPE over `tokens` tokens from now on. Raises NotApplicable if the model stretches it itself."""
        inverse, factor = frequencies(self.model.config, how, tokens, self.model.device)
        if not torch.equal(inverse, self._rotary.inv_freq) or factor != self._rotary.attention_scaling:
            self._rotary.inv_freq, self._rotary.attention_scaling = inverse, factor
            self.forget()

    def forget(self) -> None:
        """Drop the KV of what was read."""
        self._cache, self._read = DynamicCache(), ()

    def ask(self, asked: Asked, document: Sequence[int]) -> Said:
        """Read prefix and `document`, answer, and take the wanted answer's NLL, which is not timed."""
        started = time.perf_counter()
        self.read((*asked.prefix, *document))
        read = time.perf_counter()
        held = len(self._read)
        last = self._run(asked.after)
        said = tuple(self._greedy(last, asked))
        answered = time.perf_counter()
        self._crop(held + len(asked.after))
        nll = self._nll(last, asked.wanted)
        self._crop(held)
        return Said(said, nll, read - started, answered - read)

    def read(self, token_ids: Sequence[int]) -> None:
        """Make the cache hold exactly these tokens."""
        ids = tuple(token_ids)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(ids, self._read, strict=False)))
        self._crop(same)
        self._read = ids[:same]
        if same < len(ids):
            self._run(ids[same:])
            self._read = ids

    @torch.inference_mode()
    def _run(self, token_ids: Sequence[int], keep: int = 1) -> Tensor:
        """Append tokens slice by slice; return logits of the last `keep` of them, fp32 (keep, vocabulary)."""
        logits: list[Tensor] = []
        for first in range(0, len(token_ids), self._slice):
            part = token_ids[first : first + self._slice]
            wanted = min(keep, len(part))
            out = self.model(
                input_ids=torch.tensor([part], device=self.model.device),
                past_key_values=self._cache,
                use_cache=True,
                logits_to_keep=wanted,
            )
            logits.append(out.logits[0, -wanted:].float())
        return torch.cat(logits)[-keep:]

    def _greedy(self, last: Tensor, asked: Asked) -> Iterator[int]:
        stop_ids = asked.reply.stop_ids(self.text_model)
        for left in reversed(range(asked.reply.max_new_tokens)):
            token = int(last[-1].argmax())
            if token in stop_ids:
                return
            yield token
            if left:
                last = self._run([token])

    def _nll(self, last: Tensor, wanted: Sequence[int]) -> float:
        """Return the mean -log P of `wanted`, in nats per token; `last` predicts its first token."""
        logits = last[-1:]
        if len(wanted) > 1:
            logits = torch.cat([logits, self._run(wanted[:-1], keep=len(wanted) - 1)])
        target = torch.tensor(wanted, device=logits.device)
        return float(torch.nn.functional.cross_entropy(logits, target))

    def _crop(self, tokens: int) -> None:
        surplus = self._cache.get_seq_length() - tokens
        if surplus > 0:
            self._cache.crop(-surplus)


class PromptMethod:
    """The base of methods that answer from ordinary prompts: the model, and the cases as prompts for it."""

    def __init__(self, model: TextModel, reply: Reply) -> None:
        self._model = model
        self._asker = Asker(model, reply)
        self._plain = PlainModel(model)
