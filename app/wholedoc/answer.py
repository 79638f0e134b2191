"""What comes back from a question: the answer with its citations, and the events on the way to it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Citation:
    """A place in a document. `quote` is an exact substring of the extracted text of page `page` (1-based)."""

    document_id: str
    document: str
    page: int
    page_label: str
    quote: str
    score: float


@dataclass(frozen=True)
class ScoredChunk:
    """One chunk of the documents asked, in document order.

    `nll` is the question's mean -log P given the chunk, in nats per token; `gain` is by how much the chunk makes
    the question more likely than the prefix alone does, in nats per token. Both are None for a chunk that a scan
    passed over. `scan` is what the scan found, in standard deviations from the mean over all chunks, None where
    nothing was scanned. `pages` are the first and the last, 1-based. `worth` is what decided which chunks stay: the
    gain and what the question's words say for the chunk, in nats per token, None if the chunk was not scored.
    """

    document_id: str
    pages: tuple[int, int]
    tokens: int
    nll: float | None
    gain: float | None
    kept: bool
    scan: float | None = None
    worth: float | None = None


@dataclass(frozen=True)
class Usage:
    """Numbers of tokens. `cached_tokens` of the documents' tokens did not have to be read for this question."""

    document_tokens: int
    cached_tokens: int
    kept_tokens: int
    question_tokens: int
    answer_tokens: int


@dataclass(frozen=True)
class Timings:
    """Seconds from the start of the question until the chunks were scored, until the first visible token, until
    the end, and until the citations were known.

    White space before an answer is not visible. `cited_s` is None if nothing was cited.
    """

    score_s: float
    first_token_s: float
    total_s: float
    cited_s: float | None = None


@dataclass(frozen=True)
class SentenceSources:
    """Which citations carry the sentence at the characters [start, stop) of an answer's text.

    `citations` are their numbers in the answer's order, counted from 1; empty if none carries it.
    """

    start: int
    stop: int
    citations: tuple[int, ...]


@dataclass(frozen=True)
class Item:
    """One of the things that a question to every part found.

    `quote` is an exact substring of the extracted text of page `page` (1-based), and the item stands in it.
    `verified` is true if a number in the quote satisfies the condition that the question states, where it states
    one, and the writer, asked again about this item alone, said that it answers the question. In a comparison
    `item` is what the document answers, which is empty if it says nothing.
    """

    item: str
    document_id: str
    document: str
    page: int
    page_label: str
    quote: str
    verified: bool


@dataclass(frozen=True)
class SummarySentence:
    """A sentence of a summary, with the pages (1-based) whose passages carry it, and their labels."""

    text: str
    pages: tuple[int, ...]
    page_labels: tuple[str, ...]


@dataclass(frozen=True)
class SummarySection:
    """What a part of a document's outline says in short. `pages` are its first and last, 1-based."""

    title: str
    document_id: str
    document: str
    pages: tuple[int, int]
    sentences: tuple[SummarySentence, ...]


@dataclass(frozen=True)
class Introduction:
    """What a person sees of a document before the first question.

    `kind` is what kind of document it seems to be, in a few words, or empty. `sections` has a note on each section,
    whose first sentence introduces it. `questions` are answered by what the document says, and are in its order.
    """

    document_id: str
    document: str
    pages: int
    kind: str
    sections: tuple[SummarySection, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Everywhere:
    """What a question to every part of the `documents`, named by their ids, brought beside its text.

    The documents have `parts` parts. All were rated; `asked` of them were read by the writer, and `cut_short` of
    these had more to say than one reply may hold. `count` is how many verified items there are, None where nothing
    was counted. `lead` is what the answer's text says before its items or sections.
    """

    parts: int
    asked: int
    items: tuple[Item, ...] = ()
    count: int | None = None
    sections: tuple[SummarySection, ...] = ()
    cut_short: int = 0
    documents: tuple[str, ...] = ()
    lead: str = ""


@dataclass(frozen=True)
class Answer:
    """The answer to one question. `found` is false if the documents do not support an answer; `text` then says so.

    `cut_short` is true if the answer ended because it reached the limit of its length. `standalone` is the question
    that was asked instead, if the person's own refers to what was said before. `unsupported` lists the numbers and
    names of the text that stand neither in a citation nor in the question. `sources` says for each sentence of the
    text which citations carry it. `support` is how likely the citations are to state an answer, from 0 to 1; it is
    None where no writer of this process answered. `everywhere` is what a question to every part brought, None for
    a question to one place.
    """

    question: str
    text: str
    found: bool
    token_ids: tuple[int, ...]
    citations: tuple[Citation, ...]
    chunks: tuple[ScoredChunk, ...]
    usage: Usage
    timings: Timings
    cut_short: bool = False
    standalone: str | None = None
    unsupported: tuple[str, ...] = ()
    sources: tuple[SentenceSources, ...] = ()
    support: float | None = None
    everywhere: Everywhere | None = None


@dataclass(frozen=True)
class Planned:
    """A document fits into memory and is about to be read. This comes before reading starts.

    `cached_tokens` of its tokens are in the library already. The rest takes `bytes` on disk and about `seconds`,
    which is None if it is too little for an estimate. A document of up to `longest_document` tokens would fit.
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
    """A document is being read: `tokens` of `total_tokens` are done, `cached_tokens` of which came from the
    library.

    `tokens_per_second` counts what the model read. `seconds_left` is None until something was read.
    `damaged_chunks` chunks were found damaged in the library and are read again.
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
class Rewritten:
    """The question refers to what was said before; this one, which stands alone, is asked instead."""

    question: str


@dataclass(frozen=True)
class Scoring:
    """`done` of the `total` chunks that the question is scored on are scored."""

    done: int
    total: int


@dataclass(frozen=True)
class Scored:
    """The chunks are scored, all or those that a scan put first, and the best chosen."""

    chunks: tuple[ScoredChunk, ...]
    seconds: float


@dataclass(frozen=True)
class Expected:
    """What a question to every part will take, before it starts.

    The documents have so many `parts`; the writer is asked about `asked` of them, or of their sections, at most.
    That takes about `seconds` at most, None if this machine has not done it yet. Reading a new document comes
    before it.
    """

    parts: int
    asked: int
    seconds: float | None


@dataclass(frozen=True)
class PageSpan:
    """Pages `first` to `last` of a document, counted from 1."""

    document_id: str
    first: int
    last: int


@dataclass(frozen=True)
class AskingParts:
    """The writer has been asked about `done` of the most promising `total` parts, and may stop before the last.

    `items` were found so far, and `answered` says where the parts stand that were asked. About `seconds_left` are
    left at most; None before the first batch if this machine has never asked such a question.
    """

    done: int
    total: int
    items: tuple[Item, ...] = ()
    seconds_left: float | None = None
    answered: tuple[PageSpan, ...] = ()


@dataclass(frozen=True)
class Cited:
    """The citations, which are known before the answer's first word.

    `lead` says that they should be shown first, since the model is too small to say it as well in its own words.
    `is_answer` says that the answer is the first of them, word for word.
    """

    citations: tuple[Citation, ...]
    lead: bool = False
    is_answer: bool = False


@dataclass(frozen=True)
class Token:
    """The next piece of the answer's text."""

    text: str


@dataclass(frozen=True)
class Done:
    """The last event."""

    answer: Answer


Event = Rewritten | Planned | Reading | Scoring | Scored | AskingParts | Cited | Token | Done
