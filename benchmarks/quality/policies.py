"""Compares the eviction policies with those of kvpress on the same tensors: do both keep the same tokens?"""

from __future__ import annotations

import torch
from torch import Tensor

from parallelcomp import Eviction, EvictionPolicy, PolicySettings
from parallelcomp.policies import LayerContext, policy_of

from ..child import in_child
from ..errors import NotInstalledError
from ..report import Report
from .baselines.compressed import PYTHON
from .policies_child import Trial, attention, kept

SHAPES = ((4, 4), (9, 3), (8, 2))  # query heads, KV heads
LAYERS = 6
SEEDS = 40
PAIRS = {
    EvictionPolicy.SNAPKV: "SnapKVPress",
    EvictionPolicy.PYRAMIDKV: "PyramidKVPress",
    EvictionPolicy.STREAMING_LLM: "StreamingLLMPress",
}
H2O_ERROR = 1e-4  # allowed in sums of up to 60 attention weights in fp32


def run(quick: bool) -> Report:
    """Count the trials in which both keep the same tokens. Raises NotInstalledError without kvpress."""
    if not PYTHON.exists():
        raise NotInstalledError("`make kvpress` makes the environment that kvpress wants")
    report = Report("policies-quick" if quick else "policies")
    trials = tuple(_trial(seed, *heads) for seed in range(5 if quick else SEEDS) for heads in SHAPES)
    theirs = in_child(kept, trials, str(PYTHON))["kept"]
    for policy, press in PAIRS.items():
        same = sum(_ours(policy, one) == other[press] for one, other in zip(trials, theirs, strict=True))
        report.add(policy=policy.value, kvpress=press, trials=len(trials), same_tokens=same)
    close = sum(_h2o_error(one, other) < H2O_ERROR for one, other in zip(trials, theirs, strict=True))
    report.add(
        policy=EvictionPolicy.H2O.value, kvpress="ObservedAttentionPress", trials=len(trials), same_scores=close
    )
    report.notes.append("NACL and CORM are not in kvpress: the tests hold them against their papers' rules")
    return report


def _trial(seed: int, query_heads: int, kv_heads: int) -> Trial:
    return Trial(
        seed,
        query_heads,
        kv_heads,
        tokens=14 + seed,
        window=3,
        capacity=12,
        layer=seed % LAYERS,
        layers=LAYERS,
        pooling_kernel=5,
        steepness=4.0,
        sink_tokens=4,
    )


def _ours(policy: EvictionPolicy, trial: Trial) -> list[list[int]]:
    settings = PolicySettings(steepness=trial.steepness, sink_tokens=trial.sink_tokens)
    eviction = Eviction(
        capacity=trial.capacity, policy=policy, pooling_kernel=trial.pooling_kernel, policy_settings=settings
    )
    context = LayerContext(0, trial.tokens, trial.layer, trial.layers, trial.kv_heads)
    rows: list[list[int]] = policy_of(eviction).keep(context, _seen(eviction, trial, trial.window)).tolist()
    return rows


def _seen(eviction: Eviction, trial: Trial, queries: int) -> Tensor:
    """Return what a policy remembers of the attention of the last `queries` queries: (kv_heads, tokens)."""
    weights = attention(trial).unflatten(1, (trial.kv_heads, -1))[..., -queries:, :]
    length = weights.shape[-1]
    visible = torch.arange(length - queries + 1, length + 1)[None]
    return policy_of(eviction).observe(weights, visible)[0, :, : trial.tokens]


def _h2o_error(trial: Trial, theirs: dict[str, list[list[float]]]) -> float:
    """Return the largest difference of a score from kvpress's, whose mean over a group's heads is made a sum."""
    seen = _seen(Eviction(policy=EvictionPolicy.H2O), trial, trial.tokens + trial.window)
    group = trial.query_heads // trial.kv_heads
    return float((torch.tensor(theirs["ObservedAttentionPress"]) * group - seen).abs().max())
