"""Decoding in tensors of fixed shapes and places, so that a GPU can replay a recorded step: a CUDA graph.

One token through a model is a thousand small operations. Launched one by one from Python they take several times as
long as the device needs for them. A recorded step is launched at once, but everything in it must stay where it is:
the token, its position, its slot in the KV buffers, and how much of these is attended to.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor
from transformers import Cache

from ..attention.attention import AttentionPass, LayerAttention, Mask, packed
from ..kv.cache import BufferLayer, FixedLayer
from ..kv.context import Context
from ..models.model import LoadedModel

# Makes a step that can be run again and again out of one; it may run it first, and calls `reset` after that.
Record = Callable[[Callable[[], None], Callable[[], None]], Callable[[], None]]


def run_again(step: Callable[[], None], reset: Callable[[], None]) -> Callable[[], None]:
    """Record nothing: every step is computed anew."""
    return step


def record_graph(step: Callable[[], None], reset: Callable[[], None]) -> Callable[[], None]:
    """Record a step as a CUDA graph. It runs before, on a stream of its own, so that kernels are loaded by then."""
    beside = torch.cuda.Stream()
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        for _ in range(2):
            step()
            reset()
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    # Of other threads, such as one that writes chunks, nothing is recorded, and they may go on.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        step()
    reset()
    return graph.replay


def recorded_steps(loaded: LoadedModel, context: Context) -> FixedSteps:
    """Return steps that are recorded, or that are computed anew each time if this model's cannot be recorded."""
    try:
        return FixedSteps(loaded, context, record_graph)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        warnings.warn(f"decoding is not recorded as a CUDA graph, which is slower: {error}", stacklevel=2)
        return FixedSteps(loaded, context, run_again)


class _Place:
    """Where layers of one length write the next token, int64 (1,), and the mask over all of their slots."""

    def __init__(self, layer: BufferLayer) -> None:
        buffer = layer.key_buffer
        self._length = layer.length
        self.slot = torch.tensor([layer.length], device=buffer.device)
        self.mask = torch.empty(1, 1, 1, buffer.shape[2], dtype=buffer.dtype, device=buffer.device)
        self.reset()

    def reset(self) -> None:
        self.slot.fill_(self._length)
        self.mask.fill_(float("-inf"))
        self.mask[..., : self._length] = 0

    def show(self) -> None:
        """Let the token that is written next be seen."""
        self.mask.index_fill_(3, self.slot, 0)


class FixedSteps:
    """Steps of one token each over a context of one sequence, which they append to.

    They attend to the whole buffers under a mask, so that no shape grows with the answer. The context must not be
    used until `finish`. Raises UnsupportedModelError for a model with sliding layers or sinks.
    """

    def __init__(self, loaded: LoadedModel, context: Context, record: Record) -> None:
        loaded.spec.require_plain("fixed steps are")
        self._model = loaded.decoder if loaded.decoder is not None else loaded.model
        self._context = context
        layers = context.cache.layers
        self._lengths = [layer.length for layer in layers]
        self._next_position = context.next_position
        shapes = [(layer.length, layer.key_buffer.shape[2]) for layer in layers]
        self._places = {shape: _Place(layer) for shape, layer in zip(shapes, layers, strict=True)}
        self._of_layer = [self._places[shape] for shape in shapes]
        self._cache = Cache(
            layers=[FixedLayer(layer, place.slot) for layer, place in zip(layers, self._of_layer, strict=True)]
        )
        self._token = torch.zeros(1, 1, dtype=torch.long, device=context.next_position.device)
        self._position = context.next_position[:, None].clone()
        self._last = torch.zeros(1, dtype=torch.long, device=self._token.device)
        self._predicted = torch.empty(0)
        self._step = record(self._compute, self._reset)

    @torch.inference_mode()
    def __call__(self, token: Tensor) -> Tensor:
        """Append a token, int64 (1,) on the device; return log-probabilities of the next, fp32 (vocabulary,).

        The next call overwrites them.
        """
        self._token.copy_(token[None])
        self._step()
        return self._predicted

    def finish(self, steps: int) -> None:
        """Leave the context as if the first `steps` steps had appended their tokens to it, and nothing else had."""
        for layer, length in zip(self._context.cache.layers, self._lengths, strict=True):
            layer.length = length + steps
        self._context.next_position = self._next_position + steps

    @torch.inference_mode()
    def _compute(self) -> None:
        for place in self._places.values():
            place.show()
        out = self._model(
            input_ids=self._token,
            position_ids=self._position,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=self._last,
            attention_pass=AttentionPass(kernel=self._attend),
        )
        self._predicted = out.logits[0, -1].float().log_softmax(dim=-1)
        for place in self._places.values():
            place.slot.add_(1)
        self._position.add_(1)

    def _reset(self) -> None:
        for place in self._places.values():
            place.reset()
        self._position.copy_(self._next_position[:, None])

    def _attend(self, one: LayerAttention) -> Tensor:
        """The attention kernel of these passes, for layers without limits."""
        mask = Mask(self._of_layer[one.layer].mask, slice(0, 0))
        return packed(one.query, one.key, one.value, one.scaling, mask)
