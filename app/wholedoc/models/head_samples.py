"""Sample text out of documents, on which attention heads are clustered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..documents.document import Document
from ..documents.tokenized import tokenize

# Some thousands of tokens show how heads attend. More of them change no cluster.
SAMPLES = 8
TOKENS = 512


def samples(documents: Sequence[Document], tokenizer: Any) -> list[tuple[int, ...]]:
    """Return up to `SAMPLES` spans of up to `TOKENS` tokens, spread evenly over the documents' text."""
    ids = [token for document in documents for token in tokenize(document, tokenizer).token_ids]
    spans = [tuple(ids[first : first + TOKENS]) for first in range(0, len(ids), TOKENS)]
    step = max(1, len(spans) // SAMPLES)
    return [span for span in spans[::step][:SAMPLES] if len(span) > 1]
