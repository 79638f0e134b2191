"""Read N >> window tokens once, in parallel chunks, and answer from what the question keeps.

ParallelComp (arXiv 2502.14317) over any supported causal LM of transformers: token ids in, token ids out.
"""

from .assembly import Context
from .attention import Kernel, usable_kernel
from .chunking import Chunk, split
from .config import (
    Calibration,
    Composition,
    EngineConfig,
    Eviction,
    KVPrecision,
    LayerRange,
    Region,
    Sampling,
)
from .decode_weights import DecodeWeights, can_quantize_decode, quantize_decode
from .engine import Engine, Selection, default_device, default_dtype
from .errors import Cancelled, MemoryPlanError, ParallelCompError, UnsupportedModelError, WindowError
from .evidence import EvidenceObserver
from .kv import ChunkKV, DenseKV, Prefix, StoredKV, restore, store_kv
from .memory import MemoryPlan, plan
from .model import LoadedModel, ModelSpec, adopt, load
from .quantization import QuantizedKV
from .scoring import ChunkScore, Question

__all__ = [
    "Calibration",
    "Cancelled",
    "Chunk",
    "ChunkKV",
    "ChunkScore",
    "Composition",
    "Context",
    "DecodeWeights",
    "DenseKV",
    "Engine",
    "EngineConfig",
    "Eviction",
    "EvidenceObserver",
    "KVPrecision",
    "Kernel",
    "LayerRange",
    "LoadedModel",
    "MemoryPlan",
    "MemoryPlanError",
    "ModelSpec",
    "ParallelCompError",
    "Prefix",
    "QuantizedKV",
    "Question",
    "Region",
    "Sampling",
    "Selection",
    "StoredKV",
    "UnsupportedModelError",
    "WindowError",
    "adopt",
    "can_quantize_decode",
    "default_device",
    "default_dtype",
    "load",
    "plan",
    "quantize_decode",
    "restore",
    "split",
    "store_kv",
    "usable_kernel",
]
