"""APB (arXiv 2502.12085): one long document read over several hosts, for one question that is known before.

The document is cut into one block a host. A host reads its block at its true positions, after an **anchor**
(prefix, question, the document's start) and after the **passing blocks**: of every block before its own, the KV
that the question looks at, layer by layer. For decoding every host keeps the KV of its own block, and their outputs
are merged exactly. Without passing it is Star-Attention (arXiv 2411.17116): `APB.star`.

Dependencies only point backward, so one process can run the hosts in turn, with the same result.
"""

from .reading import Attribution, QuestionReading, check, read
from .settings import APB, Layout, Length

__all__ = ["APB", "Attribution", "Layout", "Length", "QuestionReading", "check", "read"]
