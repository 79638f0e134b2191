"""The retrieval heads of the catalogue's models, as `wholedoc retrieval-heads` finds them."""

from __future__ import annotations

from parallelcomp import QueryHead, RetrievalHeads

# Layers and heads, the best first.
_SMOLLM2_135M = ((18, 6), (17, 3), (18, 7), (15, 6))
_QWEN_05B = ((9, 8), (9, 13), (11, 9), (11, 12))
_QWEN_15B = ((6, 7), (8, 3), (5, 11), (14, 4))
# By a model's fingerprint, of which it has one for each number format: fp32, bf16 and fp16.
_HEADS = {
    "66eddc3d866f23ffbe2909abf6e94cdf": _SMOLLM2_135M,
    "61b4fc1d28f2f4b7e5975c78c22b0e93": _SMOLLM2_135M,
    "8fed93cac4711bbd9d4e38a6d3b59d8a": _SMOLLM2_135M,
    "35ae07042b3d096db90f3175d738a4ea": _QWEN_05B,
    "c1eb11fc3e8d563d110ac117af9807f9": _QWEN_05B,
    "60a0d5157b696e6b2612636a37772511": _QWEN_05B,
    "0add1b095a978c9412a7533923482152": _QWEN_15B,
    "4a18a09fed7c4be1471a73444d83b6d3": _QWEN_15B,
    "9d1435083736d1b1127a91b80c90c97d": _QWEN_15B,
}


def heads_of(fingerprint: str) -> RetrievalHeads | None:
    """Return the retrieval heads of the model with this fingerprint, None if they are not known."""
    found = _HEADS.get(fingerprint)
    return None if found is None else RetrievalHeads(fingerprint, tuple(QueryHead(*one) for one in found))
