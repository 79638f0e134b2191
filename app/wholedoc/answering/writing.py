"""An answer being written: token ids become text, piece by piece, up to a stop string."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tokenizers.decoders import DecodeStream


@dataclass
class Writing:
    """The `token_ids` and the `text` of an answer so far.

    The text ends before the first of the strings `stop`; `stopped` says that it did. `shown_at` is when its first
    visible character came, by `time.perf_counter`, and None before that.
    """

    tokenizer: Any
    stop: Sequence[str] = ()
    token_ids: list[int] = field(default_factory=list)
    text: str = ""
    shown_at: float | None = None
    stopped: bool = False

    def pieces(self, tokens: Iterator[int]) -> Iterator[str]:
        """Yield one piece of text for each token, and record the token ids.

        A piece is empty while a character or a stop string is incomplete.
        """
        return self.texts(self._decoded(tokens))

    def texts(self, texts: Iterator[str]) -> Iterator[str]:
        """Yield the pieces of a text up to a stop string, and record the text."""
        for piece in self._until_stopped(texts):
            self.text += piece
            if self.shown_at is None and piece.strip():
                self.shown_at = time.perf_counter()
            yield piece

    def _decoded(self, tokens: Iterator[int]) -> Iterator[str]:
        stream = DecodeStream(skip_special_tokens=True)
        for token in tokens:
            self.token_ids.append(token)
            yield stream.step(self.tokenizer.backend_tokenizer, token) or ""

    def _until_stopped(self, texts: Iterator[str]) -> Iterator[str]:
        held = ""
        for said in texts:
            held += said
            ends = [at for one in self.stop if one and (at := held.find(one)) >= 0]
            if ends:
                self.stopped = True
                yield held[: min(ends)]
                return
            ready = len(held) - self._beginning(held)
            yield held[:ready]
            held = held[ready:]
        if held:
            yield held

    def cut_short(self, longest: int) -> bool:
        """Return whether the text ended because it reached `longest` tokens."""
        return not self.stopped and len(self.token_ids) >= longest

    def _beginning(self, text: str) -> int:
        """Return how many of the last characters may be the beginning of a stop string."""
        longest = max((len(one) for one in self.stop), default=1) - 1
        lengths = range(min(longest, len(text)), 0, -1)
        return next((length for length in lengths if any(one.startswith(text[-length:]) for one in self.stop)), 0)
