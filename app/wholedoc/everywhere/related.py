"""Other words for what a question asks: a document need not use the question's own."""

from __future__ import annotations

from parallelcomp import Sampling

from ..writers.writer import Cancel, Message, Writer
from .stems import stems

RELATED = (
    "Write other words that a document may use for what this question asks: synonyms and related words, separated "
    "by commas, at most twenty.\n\nQuestion: {question}"
)
# A small model repeats itself when it has no more words.
TOKENS = 64


def related_stems(writer: Writer, question: str, cancelled: Cancel | None = None) -> frozenset[str]:
    """Return the stems of words that the writer takes for related, without the question's own.

    Raises what the writer raises.
    """
    message = Message("user", RELATED.format(question=question))
    said = writer.write([message], Sampling(temperature=0.0, max_new_tokens=TOKENS), cancelled)
    return stems("".join(said)) - stems(question)
