"""The settings of APB, and how a document is laid out over the hosts by them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from ..errors import LayoutError

# The lengths in the paper's table as fractions of a block. No anchor there is longer than 8K tokens.
PAPER_ANCHOR = 1 / 4
PAPER_ANCHOR_AT_MOST = 8192
PAPER_PASSING = 1 / 8


class Length(Enum):
    """A length that follows from the document's length."""

    PAPER = "paper"
    """A fraction of the block, as in the paper's table."""
    BLOCK = "block"
    """As long as a block."""


@dataclass(frozen=True)
class Layout:
    """Prefix and document as one sequence, cut into one block per host. Lengths are in tokens.

    Blocks have `block_tokens` tokens; the last may be shorter. There is no anchor if `anchor_tokens` is 0.
    """

    prefix_tokens: int
    document_tokens: int
    hosts: int
    block_tokens: int
    anchor_tokens: int
    passing_tokens: int

    @property
    def tokens(self) -> int:
        """Tokens of the whole sequence, and so the position of the question's first token after it."""
        return self.prefix_tokens + self.document_tokens

    def span(self, host: int) -> range:
        """Return the positions of a host's block in the sequence."""
        start = host * self.block_tokens
        return range(start, min(start + self.block_tokens, self.tokens))

    @property
    def anchored(self) -> int:
        """Tokens at the start of host 0's block that every other host has in its anchor."""
        return self.prefix_tokens + self.anchor_tokens if self.anchor_tokens else 0


@dataclass(frozen=True)
class APB:
    """The settings of APB.

    `anchor_tokens`: how many tokens of the document's start every anchor has after prefix and question; with 0
    there is no anchor. `passing_tokens`: how many tokens of KV each host passes on, per layer and KV head. Passing
    whole blocks without an anchor is full attention. Raises ValueError if a setting is out of range.
    """

    hosts: int = 8
    anchor_tokens: int | Length = Length.PAPER
    passing_tokens: int | Length = Length.PAPER

    def __post_init__(self) -> None:
        if self.hosts < 1:
            raise ValueError(f"hosts must be at least 1, got {self.hosts}")
        for name, length in (("anchor_tokens", self.anchor_tokens), ("passing_tokens", self.passing_tokens)):
            if isinstance(length, int) and length < 0:
                raise ValueError(f"{name} must be 0 or more, got {length}")

    @classmethod
    def star(cls, hosts: int = 8) -> APB:
        """Return the settings of Star-Attention (arXiv 2411.17116): an anchor as long as a block, and no passing.

        The anchor in that paper is without the question; here it has the question, as in APB.
        """
        return cls(hosts, Length.BLOCK, 0)

    def layout(self, prefix_tokens: int, document_tokens: int) -> Layout:
        """Lay a document out. Raises LayoutError, which says what to change, if it cannot be done."""
        tokens = prefix_tokens + document_tokens
        block = math.ceil(tokens / self.hosts)
        blocks = math.ceil(tokens / block) if block else 0
        if document_tokens < 1 or blocks < self.hosts:
            raise LayoutError(
                f"{document_tokens:,} tokens make no more than {blocks} blocks, too few for {self.hosts} hosts; "
                f"ask for at most {max(blocks, 1)}"
            )
        if self.hosts == 1:
            return Layout(prefix_tokens, document_tokens, 1, block, 0, 0)
        anchor = self._anchor(block, prefix_tokens)
        if anchor and prefix_tokens + anchor > block:
            raise LayoutError(
                f"an anchor of {anchor:,} tokens after {prefix_tokens:,} of prefix is longer than a block, which "
                f"holds {block:,} tokens with {self.hosts} hosts; take a shorter anchor or fewer hosts"
            )
        passing = self._passing(block)
        if passing > block:
            raise LayoutError(
                f"a host cannot pass on {passing:,} tokens of a block of {block:,}; pass at most that many, or "
                "take fewer hosts"
            )
        if not anchor and 0 < passing < block:
            raise LayoutError(
                "without an anchor no host knows the question, and cannot say what of its block is useful: take an "
                f"anchor, or pass nothing, or the whole block of {block:,} tokens"
            )
        return Layout(prefix_tokens, document_tokens, self.hosts, block, anchor, passing)

    def _anchor(self, block: int, prefix_tokens: int) -> int:
        if self.anchor_tokens is Length.BLOCK:
            return max(1, block - prefix_tokens)
        if self.anchor_tokens is Length.PAPER:
            return max(1, min(int(block * PAPER_ANCHOR), PAPER_ANCHOR_AT_MOST))
        return int(self.anchor_tokens)

    def _passing(self, block: int) -> int:
        if self.passing_tokens is Length.BLOCK:
            return block
        if self.passing_tokens is Length.PAPER:
            return max(1, int(block * PAPER_PASSING)) if self.anchor_tokens else 0
        return int(self.passing_tokens)
