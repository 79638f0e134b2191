"""Every setting of the engine, as frozen dataclasses and enums.

What the model's own config says is not repeated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum, Flag, auto
from hashlib import blake2b

import torch

# How many numbers have one scale and one zero point in quantised KV: tokens of one channel (keys), or channels of
# one token (values).
QUANTIZATION_GROUP = 32


class ChunkScoring(Enum):
    """Which chunks a question is scored on."""

    LIKELIHOOD = "likelihood"
    """All of them, as in the paper."""
    SCAN = "scan"
    """Those that a coarse scan by the model's retrieval heads puts first (see `scan`)."""


class Composition(Enum):
    """How the kept chunks are put together for the answer."""

    ASSEMBLED = "assembled"
    """The kept KV stands side by side at re-used positions, as in the paper."""
    REREAD = "reread"
    """The kept chunks' tokens are prefilled once more, in one ordinary window."""
    MIXTURE = "mixture"
    """Every kept chunk predicts by itself; next-token probabilities are mixed by the chunks' posterior."""


class KVPrecision(Enum):
    """Number format, floating-point or quantised, in which the chunks' KV is kept between reading and asking."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"
    INT8 = "int8"
    INT4 = "int4"
    INT2 = "int2"

    @classmethod
    def of(cls, dtype: torch.dtype) -> KVPrecision:
        """Return the precision that keeps numbers of `dtype` unchanged. Raises ValueError if there is none."""
        for precision in cls:
            if precision.dtype is dtype:
                return precision
        raise ValueError(f"no KV precision keeps numbers of {dtype} as they are; use float32, bfloat16 or float16")

    @property
    def dtype(self) -> torch.dtype | None:
        """The floating-point format, or None where numbers are quantised."""
        return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}.get(self.value)

    @property
    def bits(self) -> int:
        """Bits of one number, without the scale and zero point of its group."""
        return {"fp32": 32, "bf16": 16, "fp16": 16, "int8": 8, "int4": 4, "int2": 2}[self.value]

    def bytes_per_number(self, head_dim: int) -> float:
        """Mean bytes of one number of a key or value, with its part of its group's fp16 scale and zero point.

        INT4 takes 5 bits a number where 32 divides `head_dim`. A last group of keys that a chunk's tokens do not
        fill is left out of the mean: it costs a chunk at most 4 bytes a channel more.
        """
        if self.dtype is not None:
            return self.bits / 8
        shared = 2 * 16  # bits of a scale and a zero point
        keys = shared / QUANTIZATION_GROUP
        values = shared * math.ceil(head_dim / QUANTIZATION_GROUP) / head_dim
        return (self.bits + (keys + values) / 2) / 8


class HostKV(Enum):
    """Where the KV of a document lies that the host keeps."""

    MAPPED = "mapped"
    """In mapped files, whose pages the system drops when memory is short."""
    MEMORY = "memory"
    """In memory of the process: what was in files is decrypted there."""


class Region(Flag):
    """Parts of a chunk on which attention piles up without cause after parallel reading (section 3.3)."""

    SINK = auto()
    MIDDLE = auto()
    RECENCY = auto()


@dataclass(frozen=True)
class LayerRange:
    """A range of layers as fractions of depth; `stop` is not in it. (0.25, 0.5) of 32 layers is 8..15."""

    start: float
    stop: float

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop <= 1:
            raise ValueError(f"layer range must satisfy 0 <= start < stop <= 1, got {self.start}, {self.stop}")

    def indices(self, layers: int) -> range:
        """The layer indices of this range in a model with `layers` layers."""
        return range(round(self.start * layers), round(self.stop * layers))


class EvictionPolicy(Enum):
    """The rule by which tokens of a kept chunk stay, in every layer and for every KV head (see `policies`)."""

    QUESTION = "question"
    """ParallelComp (2502.14317): the tokens that the question's last tokens attend to most, max-pooled."""
    SNAPKV = "snapkv"
    """SnapKV (2404.14469): the same, mean-pooled."""
    PYRAMIDKV = "pyramidkv"
    """PyramidKV (2406.02069): SnapKV with a larger capacity in lower layers and a smaller one in upper ones."""
    STREAMING_LLM = "streaming-llm"
    """StreamingLLM (2309.17453): the first and the last tokens, whatever the question is."""
    H2O = "h2o"
    """H2O (2306.14048): the tokens that all queries together attend to most, and the last ones."""
    NACL = "nacl"
    """NACL (2408.03675): the tokens that the question's last tokens attend to most, and some drawn at random."""
    CORM = "corm"
    """CORM (2404.15949): only tokens that some of the question's last tokens need, often far below the capacity."""


@dataclass(frozen=True)
class PolicySettings:
    """Settings that only some of the policies use.

    `sink_tokens`: how many first tokens of a chunk StreamingLLM always keeps. `recent_share`: the part of H2O's
    capacity that goes to a chunk's last tokens. `random_share`: the part of NACL's capacity that is drawn at
    random, with `seed`. `steepness`: PyramidKV's last layer keeps capacity / steepness tokens.
    """

    sink_tokens: int = 4
    recent_share: float = 0.5
    random_share: float = 0.3
    seed: int = 0
    steepness: float = 20.0

    def __post_init__(self) -> None:
        if self.sink_tokens < 0:
            raise ValueError(f"sink_tokens must be 0 or more, got {self.sink_tokens}")
        for name, share in (("recent_share", self.recent_share), ("random_share", self.random_share)):
            if not 0 <= share <= 1:
                raise ValueError(f"{name} is a share of the capacity between 0 and 1, got {share}")
        if not 1 <= self.steepness < math.inf:
            raise ValueError(f"steepness must be 1 (all layers alike) or more, got {self.steepness}")


@dataclass(frozen=True)
class Eviction:
    """How much of the document stays for the answer (sections 3.1 and 3.2).

    `kept_tokens`: the most tokens that all kept chunks have together. `capacity`: the most tokens that a KV head
    keeps of one chunk, in every layer or (PyramidKV) in the mean of the layers; `policy` chooses which.
    `observation_window`: how many of the question's last tokens are observed for that. `pooling_kernel`: over how
    many neighbouring tokens their attention is pooled.
    """

    kept_tokens: int = 4096
    capacity: int = 2048
    observation_window: int = 8
    pooling_kernel: int = 7
    policy: EvictionPolicy = EvictionPolicy.QUESTION
    policy_settings: PolicySettings = field(default_factory=PolicySettings)

    def __post_init__(self) -> None:
        if min(self.kept_tokens, self.capacity, self.observation_window) < 1:
            raise ValueError("kept_tokens, capacity and observation_window must be at least 1 token")
        if self.pooling_kernel < 1 or self.pooling_kernel % 2 == 0:
            raise ValueError(f"pooling_kernel must be odd, got {self.pooling_kernel}")


@dataclass(frozen=True)
class Calibration:
    """Attention calibration (section 3.3): drop context tokens that draw a head's attention without cause.

    A token that lies in one of `regions` of its chunk and receives more than `threshold` of a head's attention
    from the last `queries` question tokens is evicted in the layers of `layers`, before attention is computed.
    `edge_tokens` is the length of the sink and the recency region, in tokens.
    """

    regions: Region
    layers: LayerRange
    threshold: float = 0.1
    edge_tokens: int = 100
    queries: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise ValueError(f"threshold is a share of attention between 0 and 1, got {self.threshold}")
        if min(self.edge_tokens, self.queries) < 1:
            raise ValueError("edge_tokens and queries must be at least 1 token")


class Membership(Enum):
    """The queries over a context by which it is decided which heads attend alike (clustered heads)."""

    FIRST_TOKENS = "first-tokens"
    """The first queries that run over the context, as in the paper."""
    OBSERVATION_WINDOW = "observation-window"
    """The question's last tokens, which have seen the whole question."""


@dataclass(frozen=True)
class ClusteredHeads:
    """Clustered head attention (CHAI, 2403.08058) while the answer is generated.

    `clusters`: the number of clusters in each layer, found on the model with this `fingerprint`. `queries`: the
    number of question tokens whose attention decides which heads form a cluster; `membership` says which tokens.
    """

    fingerprint: str
    clusters: tuple[int, ...]
    membership: Membership = Membership.FIRST_TOKENS
    queries: int = 5

    def __post_init__(self) -> None:
        if not self.clusters or min(*self.clusters, self.queries) < 1:
            raise ValueError("clustered heads need at least one cluster in every layer and one query token")


@dataclass(frozen=True, order=True)
class QueryHead:
    """One query head of a model: both numbers are counted from 0."""

    layer: int
    head: int


# Retrieval heads of a model; more of them add noise (docs/log.md).
HEADS = 4


@dataclass(frozen=True)
class RetrievalHeads:
    """The heads whose attention finds where a question looks, the best first (QRHead, 2506.09944).

    They were found on the model with this `fingerprint`. Raises ValueError without any head, or if one comes twice.
    """

    fingerprint: str
    heads: tuple[QueryHead, ...]

    def __post_init__(self) -> None:
        if not self.heads or len(set(self.heads)) < len(self.heads):
            raise ValueError("retrieval heads are at least one head, and none of them twice")

    @property
    def id(self) -> str:
        """A short name that differs for other heads or another model."""
        listed = " ".join(f"{one.layer}/{one.head}" for one in sorted(self.heads))
        return blake2b(f"{self.fingerprint} {listed}".encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn. Temperature 0 takes the most probable token."""

    temperature: float = 0.0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    max_new_tokens: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        if self.temperature < 0 or not math.isfinite(self.temperature):
            raise ValueError(f"temperature must be 0 (greedy) or more, got {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be above 0 and at most 1, got {self.top_p}")
        if not 0 < self.repetition_penalty < math.inf:
            raise ValueError(f"repetition_penalty must be above 0, got {self.repetition_penalty}")
        if self.max_new_tokens < 1:
            raise ValueError(f"max_new_tokens must be at least 1, got {self.max_new_tokens}")


@dataclass(frozen=True)
class EngineConfig:
    """The engine's settings.

    `chunk_tokens` is the length of the longest chunk. Batch sizes are in chunks; None leaves them to the memory
    plan. `prior_sharpness` is the weight of a chunk's summed question log-likelihood in the mixture's prior; 0
    makes the prior uniform.
    """

    chunk_tokens: int = 2048
    eviction: Eviction = field(default_factory=Eviction)
    calibration: Calibration | None = None
    clustered_heads: ClusteredHeads | None = None
    composition: Composition = Composition.ASSEMBLED
    precision: KVPrecision = KVPrecision.INT8
    prior_sharpness: float = 0.0
    prefill_batch: int | None = None
    score_batch: int | None = None

    def __post_init__(self) -> None:
        if self.chunk_tokens < 16:
            raise ValueError(f"chunk_tokens must be at least 16, got {self.chunk_tokens}")
        if self.calibration is not None and self.composition is not Composition.ASSEMBLED:
            raise ValueError("calibration corrects the attention of the assembled composition, and of no other")
        if self.clustered_heads is not None and self.composition is Composition.MIXTURE:
            raise ValueError("clustered heads need one context for all chunks; a mixture has one for each")
        if not 0 <= self.prior_sharpness < math.inf:
            raise ValueError(f"prior_sharpness must be 0 or more, got {self.prior_sharpness}")
        for name, batch in (("prefill_batch", self.prefill_batch), ("score_batch", self.score_batch)):
            if batch is not None and batch < 1:
                raise ValueError(f"{name} must be at least 1 chunk, got {batch}")

    def reads_like(self, other: EngineConfig) -> bool:
        """Whether KV that was read with one of the two configs can be used with the other."""
        return (self.chunk_tokens, self.precision) == (other.chunk_tokens, other.precision)
