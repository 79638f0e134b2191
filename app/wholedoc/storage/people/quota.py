"""How much of a server a user may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quota:
    """Bounds on the tokens that a user's requests take on one day, and on the bytes of the files that they keep.

    None sets no bound.
    """

    tokens_a_day: int | None = None
    bytes: int | None = None

    def over(self, other: Quota) -> Quota:
        """Return these bounds, with the other's where there is none."""
        return Quota(
            other.tokens_a_day if self.tokens_a_day is None else self.tokens_a_day,
            other.bytes if self.bytes is None else self.bytes,
        )
