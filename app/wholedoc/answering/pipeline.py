"""One question to documents that have been read: score, choose, attribute, cite, answer."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from parallelcomp import ChunkScore, Question, Selection

from ..answer import Answer, Citation, Done, Event, Scored, ScoredChunk, Scoring, Timings, Token, Usage
from ..documents.tables import table_head
from ..reading.corpus import Corpus
from ..settings import AnswerFrom
from ..writers.assignment import NOT_STATED, Excerpt, assignment
from ..writers.writer import Writer, Written
from .asking import ANSWER_PREFIX, Asking, Scores
from .evidence.absent_names import absent_names
from .evidence.abstention import explains
from .evidence.citations import cite, worth_showing
from .evidence.passages import Passage, best_passages, contenders, rerank
from .evidence.scanning import Scanned, scan, seen_passages
from .evidence.shared_words import shared_words
from .evidence.surroundings import in_reading_order, with_surroundings
from .evidence.table_rows import with_named_rows
from .quoting import cited, quoted
from .refusal import is_refused, may_be_refused
from .sources import sentence_sources
from .unsupported import unsupported
from .writing import Writing

NOT_FOUND = "Not found: the document does not seem to answer this."
PROBABLY_NOT_STATED = "The document probably does not say. Nearest passages:"
NOWHERE = "The document probably does not say: {} nowhere in it. Nearest passages:"


@dataclass(frozen=True)
class Found:
    """What is known when an answer begins.

    `started` is a time of `time.perf_counter`; the chunks were scored `scored_s` seconds later. `usage` does not
    count the answer's own tokens yet. The citations were known `cited_s` seconds after the start, None if nothing
    explains the question. `passages` are ranked, the best first. `selection` is the kept context, None where
    passages were found without putting any together. `absent` are names of the question that the documents lack.
    """

    started: float
    scored_s: float
    citations: tuple[Citation, ...]
    chunks: tuple[ScoredChunk, ...]
    usage: Usage
    selection: Selection | None = None
    passages: tuple[Passage, ...] = ()
    cited_s: float | None = None
    absent: tuple[str, ...] = ()

    @property
    def explained(self) -> bool:
        """Whether anything explains the question."""
        return self.cited_s is not None


def answer(asking: Asking) -> Generator[Event, None, None]:
    """Answer a question that was checked: yields Scoring, Scored, Cited, Tokens and Done.

    Raises Cancelled, and what a writer raises.
    """
    found = yield from find(asking)
    yield from write(asking, found)


def find(asking: Asking) -> Generator[Event, None, Found]:
    """Find what answers a question: yields Scoring, Scored and Cited. Raises Cancelled."""
    engine, corpus = asking.engine, asking.corpus
    question = asking.search_question()
    started = time.perf_counter() - (asking.scores.seconds if asking.scores else 0.0)
    alone = engine.score_without_document(question)
    scanned = None if asking.scores else scan(asking, question)
    scores = list(asking.scores.chunks) if asking.scores else (yield from _score(asking, question, scanned))
    by_heads = None if _in_context(asking) else scanned
    kept = scores if by_heads else engine.select(corpus.chunks, iter(scores))
    scored = _scored_chunks(corpus, scores, kept, sum(alone) / len(alone), scanned)
    scored_s = time.perf_counter() - started
    yield Scored(scored, scored_s)

    usage = Usage(corpus.tokens, corpus.cached_tokens, 0, len(question.ids), 0)
    if not any(explains(score.token_nll, alone, asking.settings.found_margin) for score in scores):
        return Found(started, scored_s, (), scored, usage)
    selection, passages = _passages(asking, question, kept, by_heads)
    if asking.writer is not None:
        passages = with_named_rows(corpus, asking.text, with_surroundings(corpus, passages))
    citations = cite(corpus, passages)
    cited_s = time.perf_counter() - started
    absent = absent_names(asking.text, corpus)
    yield cited(asking, citations, answered=not absent)
    whole = sum(one.tokens for one in scored if one.kept)
    usage = replace(usage, kept_tokens=selection.context.kept_tokens if selection else whole)
    return Found(started, scored_s, citations, scored, usage, selection, tuple(passages), cited_s, absent)


def write(asking: Asking, found: Found) -> Generator[Token | Done, None, None]:
    """Write the answer to what was found: yields Tokens and Done. Raises Cancelled, and what a writer raises."""
    if not found.explained:
        yield from tell(asking, found, None)
    elif found.absent:
        yield from _tell_absent(asking, found)
    elif asking.writer is not None:
        yield from _write_with(asking, asking.writer, found)
    else:
        yield from tell(asking, found, _generate(asking, found))


def _write_with(asking: Asking, writer: Writer, found: Found) -> Generator[Token | Done, None, None]:
    """Have the writer answer from the best passages; its "not stated", or a number that it makes up, is a refusal.

    Nothing is shown while it may still become one.
    """
    excerpts = _excerpts(asking, found.passages)
    sources = [asking.text, asking.instructions, *(one.said for one in excerpts)]
    messages = assignment(asking.text, excerpts, asking.instructions)
    work = writer.write(messages, asking.settings.sampling, asking.cancelled)
    ended: list[Written] = []

    def pieces() -> Generator[str, None, None]:
        ended.append((yield from work))

    writing = Writing(asking.model.tokenizer, asking.stop)
    begun, held = False, ""
    for piece in writing.texts(pieces()):
        held += piece
        if begun or not may_be_refused(held, asking.text, sources):
            begun = True
            yield Token(held)
            held = ""
    stated = begun or not is_refused(writing.text, asking.text, sources)
    if not stated:
        yield Token(PROBABLY_NOT_STATED)
    elif held:
        yield Token(held)
    written = ended[0] if ended else Written(0, False)  # a stop string ends the text before the writer does
    text = writing.text.strip() if stated else PROBABLY_NOT_STATED
    yield from _done(asking, found, writing, text, stated, written)


def _tell_absent(asking: Asking, found: Found) -> Generator[Token | Done, None, None]:
    """Say which names of the question stand nowhere, in place of an answer about others."""
    names = " and ".join(f"“{name}”" for name in found.absent)
    text = NOWHERE.format(f"{names} {'stands' if len(found.absent) == 1 else 'stand'}")
    yield Token(text)
    yield from _done(asking, found, Writing(asking.model.tokenizer), text, False, Written(0, cut_short=False))


def _excerpts(asking: Asking, passages: Sequence[Passage]) -> list[Excerpt]:
    """Return the best passages in document order, as the writer sees them: no sentence is cut by a page's end."""
    corpus, several = asking.corpus, len(asking.corpus.documents) > 1
    chosen = worth_showing([one for one in passages if not one.half][: asking.settings.writer_passages])
    halves = [one for one in passages if one.half]
    return [_excerpt(corpus, together, several) for together in in_reading_order(corpus, [*chosen, *halves])]


def _excerpt(corpus: Corpus, together: Sequence[Passage], several: bool) -> Excerpt:
    first = together[0]
    document = corpus.documents[first.document].tokenized.document
    page = document.pages[first.page]
    head = table_head(page.text, first.start, first.stop)
    text = "\n".join(one.text(corpus) for one in together)
    return Excerpt(page.label, text, document.name if several else None, head)


def tell(asking: Asking, found: Found, tokens: Iterator[int] | None) -> Generator[Token | Done, None, None]:
    """Yield the Tokens of the answer and Done. `tokens` is None if the documents do not answer the question."""
    writing = Writing(asking.model.tokenizer, asking.stop)
    for piece in [NOT_FOUND] if tokens is None else writing.pieces(tokens):
        yield Token(piece)
    text = NOT_FOUND if tokens is None else writing.text.strip()
    written = Written(len(writing.token_ids), writing.cut_short(asking.max_new_tokens))
    yield from _done(asking, found, writing, text, tokens is not None, written)


def _done(
    asking: Asking, found: Found, writing: Writing, text: str, is_found: bool, written: Written
) -> Generator[Done, None, None]:
    first_s = found.scored_s if writing.shown_at is None else writing.shown_at - found.started
    timings = Timings(found.scored_s, first_s, time.perf_counter() - found.started, found.cited_s)
    yield Done(
        Answer(
            asking.text if asking.asked is None else asking.asked,
            text,
            is_found,
            tuple(writing.token_ids),
            found.citations,
            found.chunks,
            replace(found.usage, answer_tokens=written.tokens),
            timings,
            written.cut_short,
            None if asking.asked is None else asking.text,
            unsupported(text, found.citations, f"{asking.text} {asking.asked or ''}") if is_found else (),
            sentence_sources(text, found.citations) if is_found else (),
            _support(found, written),
        )
    )


def _support(found: Found, written: Written) -> float | None:
    """Return how likely the passages are to state an answer; None if only a writer could tell, and none did.

    The writer was given the choice to say that they do not, so its own probability of saying so is the measure.
    """
    if not found.explained or found.absent:
        return 0.0
    return None if written.would_begin is None else round(1 - written.would_begin(NOT_STATED), 4)


def _score(
    asking: Asking, question: Question, scanned: Scanned | None
) -> Generator[Scoring, None, list[ChunkScore]]:
    """Score the chunks that a scan put first; all of them if nothing was scanned."""
    engine, corpus = asking.engine, asking.corpus
    chunks = corpus.chunks if scanned is None else [corpus.chunks[index] for index in scanned.best]
    memory = engine.plan(corpus.tokens, question_tokens=len(question.all_ids))
    scores: list[ChunkScore] = []
    for score in engine.score(chunks, question, memory, asking.cancelled):
        scores.append(score)
        yield Scoring(len(scores), len(chunks))
    return _with_words(scores, question, _words(asking) if scanned is None else scanned.words)


def _words(asking: Asking) -> Sequence[float]:
    """Return what the question's words say for each chunk, in nats."""
    return shared_words(asking.found_by, asking.corpus.words)


def _with_words(scores: Sequence[ChunkScore], question: Question, words: Sequence[float]) -> list[ChunkScore]:
    """Return the scores with what the question's words say for each chunk."""
    return [replace(score, prior=words[score.index] / len(question.ids)) for score in scores]


def score_together(askings: Sequence[Asking]) -> Generator[Scoring, None, list[Asking]]:
    """Score the chunks by several questions to the same documents, reading each chunk once for all of them.

    Raises Cancelled."""
    started = time.perf_counter()
    first = askings[0]
    engine, corpus = first.engine, first.corpus
    questions = [asking.search_question() for asking in askings]
    memory = engine.plan(corpus.tokens, question_tokens=max(len(question.all_ids) for question in questions))
    by_chunk: list[list[ChunkScore]] = []
    for scores in engine.score_many(corpus.chunks, questions, memory, first.cancelled):
        by_chunk.append(scores)
        yield Scoring(len(by_chunk), len(corpus.chunks))
    share = (time.perf_counter() - started) / len(askings)
    return [
        replace(asking, scores=Scores(tuple(_with_words(scores, question, _words(asking))), share))
        for asking, question, scores in zip(askings, questions, zip(*by_chunk, strict=True), strict=True)
    ]


def _passages(
    asking: Asking, question: Question, kept: Sequence[ChunkScore], by_heads: Scanned | None
) -> tuple[Selection | None, list[Passage]]:
    """Rank the passages of the kept chunks: by the heads that scanned them, or by a context that is put together.

    The heads may see none where no sentence begins in these chunks.
    """
    if by_heads is None:
        return _attribute(asking, question, kept)
    if seen := seen_passages(asking, by_heads):
        return None, seen
    return _attribute(asking, question, asking.engine.select(asking.corpus.chunks, iter(kept)))


def _in_context(asking: Asking) -> bool:
    """Return whether the answer is written from all that was kept of the documents."""
    return asking.writer is None and asking.answer_from is AnswerFrom.CONTEXT


def _attribute(asking: Asking, question: Question, kept: Sequence[ChunkScore]) -> tuple[Selection, list[Passage]]:
    """Compose the kept chunks, rank passages by the question's attention, and rescore the best."""
    engine, corpus = asking.engine, asking.corpus
    asked = asking.question(instructed=True) if _in_context(asking) else asking.search_question()
    selection = engine.compress(corpus.chunks, kept, asked, asking.max_new_tokens, asking.cancelled)
    observer = engine.attribution_observer(selection)
    selection = engine.attribute(selection, observer, asking.cancelled)
    attention = observer.by_token(corpus.tokens).numpy()
    passages = best_passages(corpus, asking.found_by, kept, attention, asking.settings.citations)
    passages = rescore_closest(asking, question, passages)
    return selection, passages


def rescore_closest(asking: Asking, question: Question, passages: list[Passage]) -> list[Passage]:
    """Rank the passages anew by how well each alone explains the question, unless the first leads clearly."""
    close = contenders(passages)
    if not close:
        return passages
    spans = [passage.chunk(asking.corpus) for passage in close]
    return rerank(passages, asking.engine.rescore_spans(spans, question, asking.cancelled))


def answer_context(asking: Asking, kept: Sequence[ChunkScore]) -> Selection:
    """Return what the answer is written from if these chunks stay. It serves to measure how likely an answer is.

    Raises QuestionError, WindowError and Cancelled.
    """
    return _writing_from(asking, *_attribute(asking, asking.search_question(), kept))


def _generate(asking: Asking, found: Found) -> Iterator[int]:
    """Return an iterator over the answer's token ids."""
    if found.selection is not None and (_in_context(asking) or not found.passages):
        sampling, stop_ids = asking.settings.sampling, asking.model.stop_ids
        return asking.engine.generate(found.selection, sampling, stop_ids, cancelled=asking.cancelled)
    return from_passages(asking, found.passages, found.citations)


def from_passages(asking: Asking, passages: Sequence[Passage], citations: Sequence[Citation]) -> Iterator[int]:
    """Return the token ids of an answer from the best passages: a quote, or one line that is written."""
    if asking.answer_from is AnswerFrom.QUOTE:
        return quoted(asking, citations[0].quote if citations else passages[0].text(asking.corpus))
    again = reread(asking, passages)
    stop_ids = asking.model.stop_ids | asking.model.line_ends
    return asking.engine.generate(again, asking.settings.sampling, stop_ids, cancelled=asking.cancelled)


def _writing_from(asking: Asking, selection: Selection | None, passages: Sequence[Passage]) -> Selection:
    """Return the best passages, read again, if the answer is made from those, else the selection itself."""
    if selection is not None and (asking.answer_from is AnswerFrom.CONTEXT or not passages):
        return selection
    return reread(asking, passages)


def reread(asking: Asking, passages: Sequence[Passage]) -> Selection:
    """Read the best passages again, alone, with the question and the beginning of an answer after them."""
    chosen = _chosen(asking, passages)
    opened = asking.question(instructed=True, answer_prefix=ANSWER_PREFIX)
    if len(chosen) == 1 and chosen[0].read is not None:
        return asking.engine.alone(chosen[0].read, opened, asking.max_new_tokens)
    chunks = [passage.chunk(asking.corpus) for passage in chosen]
    return asking.engine.reread(chunks, opened, asking.max_new_tokens, asking.cancelled)


def _chosen(asking: Asking, passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages that are read again, in the document's order."""
    return sorted(passages[: asking.settings.passages], key=lambda passage: passage.first)


def _scored_chunks(
    corpus: Corpus,
    scores: Sequence[ChunkScore],
    kept: Sequence[ChunkScore],
    baseline: float,
    scanned: Scanned | None,
) -> tuple[ScoredChunk, ...]:
    """Return what is known of every chunk, in document order."""
    stay = {score.index for score in kept}
    nll = {score.index: score.nll for score in scores}
    rank = {score.index: score.rank for score in scores}
    found: list[ScoredChunk] = []
    for one in corpus.chunks:
        index, chunk = one.chunk.index, one.chunk
        document, offset = corpus.locate(chunk.start)
        tokenized = corpus.documents[document].tokenized
        first, last = tokenized.pages[offset], tokenized.pages[offset + len(chunk) - 1]
        found.append(
            ScoredChunk(
                tokenized.document.id,
                (int(first) + 1, int(last) + 1),
                len(chunk),
                nll.get(index),
                baseline - nll[index] if index in nll else None,
                index in stay,
                None if scanned is None else scanned.scores[index],
                baseline - rank[index] if index in rank else None,
            )
        )
    return tuple(found)
