"""The LLM that tests of LlamaIndex share."""

from __future__ import annotations

import pytest

from wholedoc import Library
from wholedoc.llama_index import ParallelCompLLM


@pytest.fixture
def llm(library: Library) -> ParallelCompLLM:
    return ParallelCompLLM(library=library)
