"""The adapter to LlamaIndex: a language model for stock pipelines, a query engine and a chat engine.

from wholedoc.llama_index import ParallelCompLLM, WholeDocumentChatEngine, WholeDocumentQueryEngine

Only this folder may import LlamaIndex. It may import the rest of wholedoc but neither `cli` nor `server`.
"""

from __future__ import annotations

try:
    import llama_index.core  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError('wholedoc.llama_index needs LlamaIndex: pip install "wholedoc[llama-index]"') from error

from .chat_engine import WholeDocumentChatEngine
from .llm import ParallelCompLLM
from .query_engine import WholeDocumentQueryEngine

__all__ = ["ParallelCompLLM", "WholeDocumentChatEngine", "WholeDocumentQueryEngine"]
