"""KV eviction: which tokens of a kept chunk stay (step 5, section 3.2), by one of several policies.

A policy says how many of the question's last tokens it observes, what it remembers of their attention, and which
tokens each KV head keeps by that. To add or remove one, change its file, its line below and its name in `config`.

It may import `scoring`, `prefill`, `memory`, `kv` and what these stand on.
"""

from __future__ import annotations

from collections.abc import Callable

from ..config import Eviction, EvictionPolicy
from .corm import Corm
from .h2o import H2O
from .nacl import Nacl
from .policy import LayerContext, Policy
from .pyramidkv import PyramidKV
from .question import QuestionAttention
from .snapkv import SnapKV
from .streaming_llm import StreamingLLM

_POLICIES: dict[EvictionPolicy, Callable[[Eviction], Policy]] = {
    EvictionPolicy.QUESTION: QuestionAttention,
    EvictionPolicy.SNAPKV: SnapKV,
    EvictionPolicy.PYRAMIDKV: PyramidKV,
    EvictionPolicy.STREAMING_LLM: StreamingLLM,
    EvictionPolicy.H2O: H2O,
    EvictionPolicy.NACL: Nacl,
    EvictionPolicy.CORM: Corm,
}


def policy_of(eviction: Eviction) -> Policy:
    """Return the policy that `eviction` names, with its settings."""
    return _POLICIES[eviction.policy](eviction)


__all__ = ["LayerContext", "Policy", "policy_of"]
