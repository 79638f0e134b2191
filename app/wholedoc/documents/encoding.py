"""Text into token ids, a piece at a time: what a tokenizer needs beside its result does not grow with the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

# A tokenizer takes about 200 bytes of memory for each character of a piece while it works on it.
PIECE_CHARACTERS = 100_000
# What is known of tokenizers that are in use: walking through a vocabulary takes a tenth of a second.
_LONGEST: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
# A stretch of text without any place that is safe to cut is cut nevertheless when it is so long.
LONGEST_PIECE = 250_000
# Places at which tokenizers that split text into words always split, each with examples. Whether this tokenizer
# does is tried on them.
_CUTS = (
    (re.compile(r"(?<=[^\W_])(?= [^\W_])"), ("ab cd", "a B", "7 8", "é 中", "s s", "a 7")),
    (re.compile(r"(?<=[^\W_])(?=\n[^\W_])"), ("ab\ncd", "a\nB", "7\n8", "é\n中", "s\ns", "a\n7")),
    (re.compile(r"(?<=\S\n)(?=[^\W_])"), ("a\nb", "。\n中", ".\nB", "=\n7", ")\na", "7\n7")),
    (re.compile(r"(?<=[^\W\d_])(?=[,;，。、；：！？])"), ("a,b", "中，国", "中。\n", "a;", "s, 7", "é！！a")),
)


def pieces(tokenizer: Any, text: str, characters: int = PIECE_CHARACTERS) -> Iterator[str]:
    """Yield the text in pieces whose tokens, one piece after the other, are exactly those of the whole text.

    A piece is the shortest possible one of at least `characters` characters. Only where there is no place that is
    safe for this tokenizer within 250,000 characters may the tokens beside the cut be others.
    """
    cuts = _cuts(tokenizer) if len(text) > characters else []
    start = 0
    while len(text) - start > characters:
        stop = start + max(LONGEST_PIECE, characters)
        found = [match.start() for cut in cuts if (match := cut.search(text, start + characters, stop))]
        if not found and len(text) <= stop:
            break
        end = min(found, default=max(text.rfind(" ", start + characters, stop), 0) or stop)
        yield text[start:end]
        start = end
    yield text[start:] if start else text


def encodings(tokenizer: Any, text: str, *, special: bool = False) -> Iterator[tuple[str, Any]]:
    """Yield each piece of the text and what the tokenizer returns for it: the ids, and offsets within the piece.

    Nothing is cut off. Unless `special` is set, what looks like a special token is read as plain text.
    """
    for piece in pieces(tokenizer, text):
        yield (
            piece,
            tokenizer(
                piece,
                add_special_tokens=False,
                split_special_tokens=not special,
                return_offsets_mapping=True,
                truncation=False,
                verbose=False,
            ),
        )


def longest_token(tokenizer: Any) -> int:
    """Return how many characters the longest token of the vocabulary has, so that `n` tokens never hold more than
    `n` times as many.

    In a vocabulary of bytes a token is written with one sign for each byte, and a character has at least one byte.
    """
    known = _LONGEST.get(tokenizer)
    if known is None:
        known = _LONGEST[tokenizer] = max(map(len, tokenizer.get_vocab()))
    return known


def _cuts(tokenizer: Any) -> list[re.Pattern[str]]:
    """Return the patterns of places at which this tokenizer can be given a text in pieces."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None or backend.pre_tokenizer is None:
        return []
    added = tokenizer.added_tokens_decoder.values()
    # Such a token takes the white space beside it, or has some inside.
    if any(one.lstrip or one.rstrip for one in added):
        return []
    return [
        cut
        for cut, examples in _CUTS
        if not any(cut.search(one.content) for one in added)
        and all(_splits(backend, example, cut) for example in examples)
    ]


def _splits(backend: Any, text: str, cut: re.Pattern[str]) -> bool:
    """Whether the tokenizer's words of the whole text are those of its two parts."""

    def words(part: str) -> list[str]:
        normal = part if backend.normalizer is None else backend.normalizer.normalize_str(part)
        return [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(normal)]

    found = cut.search(text)
    assert found is not None
    at = found.start()
    return words(text) == words(text[:at]) + words(text[at:])
