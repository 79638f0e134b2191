"""Which heads of a model attend alike, found once on sample text: the offline half of CHAI (arXiv 2403.08058).

Heads are clustered by the correlation of their attention. How many clusters a layer needs follows from the elbow of
the error curve and is kept in a file beside the model. Which head belongs to which cluster is decided anew for
every context (`clustered_heads`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ..attention import attention
from ..attention.attention import Cancel
from ..attention.limits import Limits
from ..config import ClusteredHeads
from ..errors import ClusterError
from ..models.model import LoadedModel, ModelSpec

FORMAT = 1
# The most rounds of k-means. With as few points as a layer has heads, two or three are enough.
ROUNDS = 20


class CorrelationObserver:
    """Observer that sums the correlation of the heads' attention over passes: (query_heads, query_heads) a
    layer."""

    def __init__(self, layers: int) -> None:
        self.sums: list[Tensor | float] = [0.0] * layers

    def __call__(
        self, layer: int, query: Tensor, key: Tensor, scaling: float, padding: Tensor | None, limits: Limits
    ) -> None:
        attention_weights = attention.weights(query, key, scaling, padding, query.shape[2])
        self.sums[layer] = self.sums[layer] + correlation(attention_weights)


def correlation(attention_weights: Tensor) -> Tensor:
    """Correlate the heads' attention: fp64 (query_heads, query_heads) on the CPU, 1 for equal attention.

    `attention_weights` (batch, kv_heads, group, queries, keys), as `attention.weights` returns them.
    """
    rows = attention_weights.flatten(1, 2).transpose(0, 1).flatten(1).cpu().double()
    return torch.corrcoef(rows).nan_to_num_(0.0).fill_diagonal_(1.0).reshape(rows.shape[0], -1)


def cluster(correlated: Tensor, count: int) -> tuple[Tensor, float]:
    """Cluster heads by k-means; return each head's representative, int64 (query_heads,), and the error.

    Heads are points of unit length of which only the products, `correlated`, are needed. The seeds are chosen as
    far apart as possible and without chance, so that the result is always the same. A cluster's representative is
    the head nearest to its centre; the error is the sum of squared distances to the centres.
    """
    heads = correlated.shape[0]
    seeds = [int(correlated.sum(dim=1).argmax())]
    while len(seeds) < count:
        closest = correlated[:, seeds].amax(dim=1)
        closest[seeds] = float("inf")
        seeds.append(int(closest.argmin()))
    member = correlated[:, seeds].argmax(dim=1)
    member[seeds] = torch.arange(count)
    for _ in range(ROUNDS):
        distance = _distances(correlated, member, count)
        moved = distance.argmin(dim=1)
        if torch.equal(moved, member) or moved.unique().numel() < count:
            break
        member = moved
    distance = _distances(correlated, member, count)
    own = distance[torch.arange(heads), member]
    outside = member[:, None] != torch.arange(count)
    nearest = distance.masked_fill(outside, float("inf")).argmin(dim=0)
    return nearest[member], float(own.sum())


def _distances(correlated: Tensor, member: Tensor, count: int) -> Tensor:
    """Return the squared distance of every head to every cluster's centre: (query_heads, count)."""
    inside = F.one_hot(member, count).double()
    weights = inside / inside.sum(dim=0)
    products = correlated @ weights
    return correlated.diagonal()[:, None] - 2 * products + (weights * products).sum(dim=0)


def elbow(errors: Sequence[float]) -> int:
    """Return the number of clusters at the elbow of `errors`, the errors with 1, 2, ... clusters.

    The elbow is where the curve lies farthest below the straight line between its ends. If it lies nowhere below,
    no heads are alike, and the number of heads is returned.
    """
    last = len(errors) - 1
    below = [
        errors[0] + (errors[-1] - errors[0]) * index / max(last, 1) - error for index, error in enumerate(errors)
    ]
    best = max(range(len(errors)), key=lambda index: below[index])
    return best + 1 if below[best] > 1e-6 * len(errors) else len(errors)


@torch.inference_mode()
def find_clusters(
    loaded: LoadedModel, samples: Sequence[Sequence[int]], cancelled: Cancel | None = None
) -> ClusteredHeads:
    """Find how many clusters of heads each layer needs, by the attention on `samples`, token ids of ordinary text.

    Each sample must fit the model's window; some hundreds of tokens are enough. Raises ValueError if there is no
    sample or one has fewer than two tokens, UnsupportedModelError if some layers slide or have sinks, and
    Cancelled.
    """
    loaded.spec.require_plain("clustered heads are")
    if not samples or any(len(sample) < 2 for sample in samples):
        raise ValueError("clusters are found on samples of at least two tokens; give some text")
    spec = loaded.spec
    observer = CorrelationObserver(spec.layers)
    for sample in samples:
        loaded.model.base_model(
            input_ids=torch.tensor([list(sample)], device=spec.device),
            use_cache=False,
            attention_pass=attention.AttentionPass(observer=observer, cancelled=cancelled),
        )
    counts: list[int] = []
    for summed in observer.sums:
        correlated = torch.as_tensor(summed) / len(samples)
        counts.append(elbow([cluster(correlated, count)[1] for count in range(1, spec.query_heads + 1)]))
    return ClusteredHeads(spec.fingerprint, tuple(counts))


def check(clustered: ClusteredHeads, spec: ModelSpec) -> None:
    """Raise ClusterError unless these clusters were found on the model with this spec, and UnsupportedModelError if
    it can have none."""
    spec.require_plain("clustered heads are")
    if clustered.fingerprint != spec.fingerprint:
        raise ClusterError(
            f"these clusters of heads are of another model ({clustered.fingerprint}, this is {spec.fingerprint}; "
            "another number format counts as another model): find them anew on this one"
        )
    if len(clustered.clusters) != spec.layers or max(clustered.clusters) > spec.query_heads:
        raise ClusterError(
            f"clusters of {len(clustered.clusters)} layers with up to {max(clustered.clusters)} heads do not fit a "
            f"model of {spec.layers} layers with {spec.query_heads} heads: find them anew"
        )


def save(clustered: ClusteredHeads, path: Path) -> None:
    """Write the fingerprint and the numbers of clusters; membership and queries are not written."""
    found = {"format": FORMAT, "fingerprint": clustered.fingerprint, "clusters": list(clustered.clusters)}
    path.write_text(json.dumps(found) + "\n", encoding="utf-8")


def read(path: Path) -> ClusteredHeads:
    """Return the clusters that `save` wrote. Raises ClusterError, which says what is wrong with the file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise ClusterError(f"{path} was written by another version; find the clusters anew")
        return ClusteredHeads(str(found["fingerprint"]), tuple(int(count) for count in found["clusters"]))
    except OSError as error:
        raise ClusterError(f"cannot read the clusters in {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ClusterError(f"{path} is not a file of head clusters; find the clusters anew") from error
