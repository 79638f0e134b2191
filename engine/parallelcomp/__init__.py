"""Read a document much longer than the model's window in parallel chunks, and answer from what the question keeps.

This is ParallelComp (arXiv 2502.14317) for every supported causal LM of transformers. Token ids go in and token ids
come out; files and text are the app's business. The package imports torch and transformers only (psutil where it is
installed), and never the app or the browser app. In which order its own parts may import each other is laid down
in pyproject.toml, under `tool.importlinter`.
"""

from .attention.attention import Observer
from .attention.kernels import Kernel, usable_kernel
from .attribution import AttributionObserver
from .chai.clustered_heads import Savings
from .chai.head_clusters import find_clusters
from .chunking import Chunk, split
from .config import (
    Calibration,
    ChunkScoring,
    ClusteredHeads,
    Composition,
    EngineConfig,
    Eviction,
    EvictionPolicy,
    HostKV,
    KVPrecision,
    LayerRange,
    Membership,
    PolicySettings,
    QueryHead,
    Region,
    RetrievalHeads,
    Sampling,
)
from .context.selection import Selection
from .decoding.next_token import AnswerState
from .decoding.weights import DecodeWeights, can_quantize_decode, quantize_decode
from .devices import default_device, default_dtype, is_usable
from .engine import Engine
from .errors import (
    Cancelled,
    ClusterError,
    DeviceMemoryError,
    HeadsError,
    MemoryPlanError,
    ParallelCompError,
    UnsupportedModelError,
    WeightsError,
    WindowError,
)
from .int8 import int8_is_faster, load_int8
from .kv.context import Context
from .kv.fetching import Fetching, fetching
from .kv.quantization import QuantizedKV
from .kv.stored import ChunkKV, DenseKV, Prefix, StoredKV, restore, store_kv
from .loading import load
from .memory import KVWay, MemoryPlan, plan
from .models.model import LoadedModel, ModelSpec, adopt
from .models.weights import Weights
from .replies import Reply, ReplyRequest
from .retrieval.scan import HeadQueries, ScanKeys
from .scoring import ChunkScore, Question, RescoredSpan

__all__ = [
    "AnswerState",
    "AttributionObserver",
    "Calibration",
    "Cancelled",
    "Chunk",
    "ChunkKV",
    "ChunkScore",
    "ChunkScoring",
    "ClusterError",
    "ClusteredHeads",
    "Composition",
    "Context",
    "DecodeWeights",
    "DenseKV",
    "DeviceMemoryError",
    "Engine",
    "EngineConfig",
    "Eviction",
    "EvictionPolicy",
    "Fetching",
    "HeadQueries",
    "HeadsError",
    "HostKV",
    "KVPrecision",
    "KVWay",
    "Kernel",
    "LayerRange",
    "LoadedModel",
    "Membership",
    "MemoryPlan",
    "MemoryPlanError",
    "ModelSpec",
    "Observer",
    "ParallelCompError",
    "PolicySettings",
    "Prefix",
    "QuantizedKV",
    "QueryHead",
    "Question",
    "Region",
    "Reply",
    "ReplyRequest",
    "RescoredSpan",
    "RetrievalHeads",
    "Sampling",
    "Savings",
    "ScanKeys",
    "Selection",
    "StoredKV",
    "UnsupportedModelError",
    "Weights",
    "WeightsError",
    "WindowError",
    "adopt",
    "can_quantize_decode",
    "default_device",
    "default_dtype",
    "fetching",
    "find_clusters",
    "int8_is_faster",
    "is_usable",
    "load",
    "load_int8",
    "plan",
    "quantize_decode",
    "restore",
    "split",
    "store_kv",
    "usable_kernel",
]
