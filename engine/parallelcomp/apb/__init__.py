"""APB (arXiv 2502.12085): one long document is read over several hosts, for one question that is known before.

The document is cut into one block per host. A host reads its block at its true positions, after an **anchor**
(prefix, question, the document's start) and after the **passing blocks**: from every block before its own, the KV
that the question attends to most, layer by layer. For decoding every host keeps the KV of its own block, and the
hosts' outputs are merged exactly. Without passing blocks it is Star-Attention (arXiv 2411.17116): `APB.star`.

A host depends on the hosts before it alone, so one process can run them in turn, with the same result.

It may import everything else in the engine; nothing else in the engine may import it.
"""

from .reading import Attribution, QuestionReading, check, read
from .settings import APB, Layout, Length

__all__ = ["APB", "Attribution", "Layout", "Length", "QuestionReading", "check", "read"]
