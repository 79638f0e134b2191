"""What comes back from a question: the answer with its citations, and the events on the way to it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Citation:
    """`quote` is an exact substring of the extracted text of page `page` (1-based) of the named document."""

    document_id: str
    document: str
    page: int
    page_label: str
    quote: str
    score: float


@dataclass(frozen=True)
class ScoredChunk:
    """One chunk of the documents asked, in document order.

    `gain`: by how much the chunk makes the question more likely than the prefix alone, nats per token.
    `pages` are 1-based, first and last.
    """

    document_id: str
    pages: tuple[int, int]
    tokens: int
    nll: float
    gain: float
    kept: bool


@dataclass(frozen=True)
class Usage:
    """Tokens. `cached_tokens` of the documents' tokens did not have to be read for this question."""

    document_tokens: int
    cached_tokens: int
    kept_tokens: int
    question_tokens: int
    answer_tokens: int


@dataclass(frozen=True)
class Timings:
    """Seconds from the start of the question: until chunks were scored, the first token that shows (white space
    before an answer does not), the end."""

    score_s: float
    first_token_s: float
    total_s: float


@dataclass(frozen=True)
class Answer:
    """`found` is false when the documents do not support an answer; `text` then says so. `cut_short`: it ended
    because it was as long as it may be."""

    question: str
    text: str
    found: bool
    token_ids: tuple[int, ...]
    citations: tuple[Citation, ...]
    chunks: tuple[ScoredChunk, ...]
    usage: Usage
    timings: Timings
    cut_short: bool = False


@dataclass(frozen=True)
class Planned:
    """A document fits and is about to be read: said before reading starts.

    `cached_tokens` of its tokens are in the library already; the rest takes `bytes` on disk and about `seconds`
    (None where it is too little to be worth an estimate). Up to `longest_document` tokens would fit.
    """

    document_id: str
    document: str
    tokens: int
    cached_tokens: int
    bytes: int
    seconds: float | None
    longest_document: int


@dataclass(frozen=True)
class Reading:
    """A document is being read: tokens done of all, of which `cached_tokens` came from the library.

    `tokens_per_second` counts what the model read; `seconds_left` is None until something was read.
    `damaged_chunks` were found damaged in the library and are read again.
    """

    document_id: str
    document: str
    tokens: int
    total_tokens: int
    cached_tokens: int
    tokens_per_second: float
    seconds_left: float | None
    damaged_chunks: int = 0


@dataclass(frozen=True)
class Scoring:
    """Chunks are being scored by the question: `done` of `total`."""

    done: int
    total: int


@dataclass(frozen=True)
class Scored:
    """All chunks are scored and the best chosen."""

    chunks: tuple[ScoredChunk, ...]
    seconds: float


@dataclass(frozen=True)
class Cited:
    """The citations, known before the answer's first word. `lead`: show them first, since the model is too small to
    say it as well in words of its own."""

    citations: tuple[Citation, ...]
    lead: bool = False


@dataclass(frozen=True)
class Token:
    """The next piece of the answer's text."""

    text: str


@dataclass(frozen=True)
class Done:
    """The last event."""

    answer: Answer


Event = Planned | Reading | Scoring | Scored | Cited | Token | Done
