"""The whole method as four calls: prefill, score, compress, generate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace

from torch import Tensor

from .attention.attention import Cancel, Observer
from .attribution import AttributionObserver, observed_layers, question_weights
from .bifurcated import score_many
from .chai.head_clusters import check
from .chunking import Chunk
from .config import Composition, EngineConfig, HostKV, KVPrecision, RetrievalHeads, Sampling
from .context.composition import alone, compose, reread
from .context.selection import Selection
from .decoding.lookup import Lookup
from .errors import Cancelled, WindowError
from .eviction import ChunkQueue
from .kv.stored import ChunkKV, Prefix, StoredKV
from .memory import MemoryPlan, check_plain, plan
from .models.model import LoadedModel, ModelSpec
from .policies import policy_of
from .prefill import batches, batches_of_like_length, prefill_batch, prefill_prefix
from .replies import Reply, ReplyRequest, reply_each
from .retrieval.scan import HeadQueries, ScanKeys, check_heads, head_attention, head_queries, scan, scan_keys
from .scoring import ChunkScore, Question, RescoredSpan, score, score_batch


class Engine:
    """ParallelComp over one loaded model. Token ids go in and come out. It is not thread-safe.

    `prefix` stands before every chunk: token ids, which are read at construction, or what `read_prefix` returned.
    Raises WindowError if prefix and chunk do not fit the model's window, ClusterError if the clusters of heads are
    another model's, and UnsupportedModelError if this model cannot do what the settings say.

    `host_kv` says what KV in the host's memory is, for the plan, and `files` how many bytes of it mapped files may
    hold; whoever brings it there sets them.
    """

    def __init__(self, loaded: LoadedModel, prefix: Sequence[int] | Prefix, config: EngineConfig) -> None:
        self.loaded = loaded
        self.config = config
        self.host_kv = HostKV.MAPPED
        self.files: Callable[[], int] = int  # none
        self._check_window(len(prefix))
        self._check_heads()
        self.prefix = prefix if isinstance(prefix, Prefix) else self.read_prefix(prefix)

    def read_prefix(self, token_ids: Sequence[int]) -> Prefix:
        """Return these tokens as read from the first position on: an engine's prefix, or a prompt's beginning."""
        return prefill_prefix(self.loaded, token_ids)

    def with_config(self, config: EngineConfig) -> Engine:
        """Return an engine with other settings for questions, which shares the model and the prefix with this one.

        Raises ClusterError, and ValueError if `config` reads documents in another way.
        """
        if not config.reads_like(self.config):
            raise ValueError("chunk_tokens and precision belong to what was read: make a new Engine")
        other = copy(self)
        other.config = config
        other._check_heads()
        return other

    @property
    def spec(self) -> ModelSpec:
        return self.loaded.spec

    def _check_window(self, prefix_tokens: int) -> None:
        if prefix_tokens + self.config.chunk_tokens >= self.spec.window:
            raise WindowError(
                f"a chunk of {self.config.chunk_tokens} tokens after {prefix_tokens} of prefix leaves no room for "
                f"a question in the model's window of {self.spec.window}; lower chunk_tokens, for example to "
                f"{self.spec.window // 2}"
            )

    def _check_heads(self) -> None:
        """Raise ClusterError if the clusters of heads in the settings are another model's, and
        UnsupportedModelError if the settings do something to heads that this model's layers cannot have done."""
        if self.config.calibration is not None:
            self.spec.require_plain("attention calibration is")
        if self.config.clustered_heads is not None:
            check(self.config.clustered_heads, self.spec)

    def check_question(self, question: Question, max_new_tokens: int) -> None:
        """Raise WindowError unless prefix, longest chunk, question and answer fit the window together."""
        self._check_fits(len(self.prefix) + self.config.chunk_tokens + len(question.all_ids) + max_new_tokens)

    def _check_fits(self, need: int) -> None:
        if need > self.spec.window:
            raise WindowError(
                f"prefix, chunk, question and answer take {need} tokens, the model's window is "
                f"{self.spec.window}; shorten the question or lower chunk_tokens or max_new_tokens"
            )

    def plan(self, tokens: int, **assumed: int) -> MemoryPlan:
        """Plan the memory for a document of `tokens` tokens. `assumed` are keyword arguments of `memory.plan`."""
        given = {"prefix_tokens": len(self.prefix), "files": self.files(), **assumed}
        return plan(self.spec, tokens, self.config, host_kv=self.host_kv, **given)

    def prefill(
        self, chunks: Sequence[Chunk], memory: MemoryPlan, cancelled: Cancel | None = None
    ) -> Iterator[ChunkKV]:
        """Read chunks in batches and yield their KV in order. Raises Cancelled, also in the middle of a batch."""
        for group in batches(chunks, memory.prefill_batch):
            yield from self._prefill(group, memory, cancelled)

    def prefill_pieces(
        self, chunks: Sequence[Chunk], memory: MemoryPlan, cancelled: Cancel | None = None
    ) -> list[ChunkKV]:
        """Read chunks of very different lengths, padding as little as pays, and return their KV in order.

        Raises Cancelled, also in the middle of a batch.
        """
        read: dict[int, ChunkKV] = {}
        for group in batches_of_like_length(chunks, memory.prefill_batch * self.config.chunk_tokens):
            read |= {one.chunk.index: one for one in self._prefill(group, memory, cancelled)}
        return [read[one.index] for one in chunks]

    def _prefill(self, group: Sequence[Chunk], memory: MemoryPlan, cancelled: Cancel | None) -> list[ChunkKV]:
        _poll(cancelled)
        return prefill_batch(
            self.loaded,
            self.prefix,
            group,
            precision=self.config.precision,
            device=memory.kv_device,
            cancelled=cancelled,
        )

    def scan_keys(self, kv: StoredKV, heads: RetrievalHeads) -> ScanKeys:
        """Return a chunk's keys for a scan by these heads. Raises HeadsError if they are another model's."""
        check_heads(heads, self.spec)
        return scan_keys(kv, heads, self.spec)

    def head_queries(
        self, chunks: Sequence[ScanKeys], question: Question, heads: RetrievalHeads, cancelled: Cancel | None = None
    ) -> HeadQueries:
        """Return the queries by which these retrieval heads look at chunks. The question runs once for them.

        Raises ValueError if there is no chunk, HeadsError if the heads are another model's, and Cancelled.
        """
        check_heads(heads, self.spec)
        behind = max(one.tokens for one in chunks)
        return head_queries(self.loaded, self.prefix, question, heads.heads, behind, cancelled)

    def scan(
        self, chunks: Sequence[ScanKeys], queries: HeadQueries, cancelled: Cancel | None = None
    ) -> list[float]:
        """Return for each chunk how much more than other chunks the question looks at it (see `scan.scan`).

        Raises Cancelled.
        """
        return scan(queries, chunks, self.spec, cancelled)

    def head_attention(self, chunks: Sequence[ScanKeys], queries: HeadQueries) -> list[Tensor]:
        """Return the attention that the question pays to the tokens of each chunk (see `scan.head_attention`)."""
        return head_attention(queries, chunks, self.spec)

    def score(
        self,
        chunks: Sequence[ChunkKV],
        question: Question,
        memory: MemoryPlan,
        cancelled: Cancel | None = None,
    ) -> Iterator[ChunkScore]:
        """Yield the question's score given each chunk, in the order in which scores are computed.

        Raises Cancelled.
        """
        return score(
            self.loaded,
            self.prefix,
            chunks,
            question,
            batch=memory.score_batch,
            observation_window=self._observed(chunks, question),
            observe=policy_of(self.config.eviction).observe,
            cancelled=cancelled,
        )

    def _observed(self, chunks: Sequence[ChunkKV], question: Question) -> int | None:
        """How many of the question's last tokens are observed while chunks are scored; None if none are."""
        policy = policy_of(self.config.eviction)
        if self._capacity is None or not any(policy.evicts(one.kv.tokens) for one in chunks):
            return None
        return policy.window(len(question.preamble) + len(question.ids)) or None

    def score_many(
        self,
        chunks: Sequence[ChunkKV],
        questions: Sequence[Question],
        memory: MemoryPlan,
        cancelled: Cancel | None = None,
    ) -> Iterator[list[ChunkScore]]:
        """Yield, for every chunk, its scores by all `questions`, which share one pass over it. Raises Cancelled."""
        windows = [self._observed(chunks, question) for question in questions]
        return score_many(
            self.loaded,
            self.prefix,
            chunks,
            questions,
            batch=memory.score_batch,
            windows=[window for window in windows if window is not None] or None,
            observe=policy_of(self.config.eviction).observe,
            cancelled=cancelled,
        )

    def score_without_document(self, question: Question) -> tuple[float, ...]:
        """Return -log P of each question token given the prefix alone, in nats.

        A chunk that is evidence scores lower.
        """
        empty = type(self.prefix.kv)(self.prefix.kv.tensor[:, :, :, :0])
        ((token_nll, _),) = score_batch(self.loaded, self.prefix, [empty], question)
        return tuple(token_nll)

    @property
    def _capacity(self) -> int | None:
        """Most tokens kept of one chunk, or None: only the assembled composition evicts KV within chunks."""
        assembled = self.config.composition is Composition.ASSEMBLED
        return self.config.eviction.capacity if assembled else None

    def select(self, chunks: Sequence[ChunkKV], scores: Iterator[ChunkScore]) -> list[ChunkScore]:
        """Evict chunks: return the scores of those that stay, in document order."""
        tokens = {one.chunk.index: one.kv.tokens for one in chunks}
        queue = ChunkQueue(self.config.eviction.kept_tokens, self._capacity)
        for one in scores:
            queue.offer(one, tokens[one.index])
        return queue.kept()

    def compress(
        self,
        chunks: Sequence[ChunkKV],
        kept: Sequence[ChunkScore],
        question: Question,
        max_new_tokens: int,
        cancelled: Cancel | None = None,
    ) -> Selection:
        """Evict the tokens of the kept chunks that the question does not need, and put the rest together.

        The selection has room for an answer of `max_new_tokens` tokens. Raises ValueError if no chunk was kept,
        WindowError and Cancelled.
        """
        self.check_question(question, max_new_tokens)
        by_index = {one.chunk.index: one for one in chunks}
        pairs = [(by_index[one.index], one) for one in kept]
        room = len(question.all_ids) + max_new_tokens
        state = compose(self.loaded, self.prefix, pairs, self.config, room, cancelled)
        return Selection(tuple(kept), state, question, max_new_tokens)

    def rescore_spans(
        self, chunks: Sequence[Chunk], question: Question, cancelled: Cancel | None = None
    ) -> list[RescoredSpan]:
        """Read each of these short spans again by itself, and score the question given it. Raises Cancelled."""
        precision = KVPrecision.of(self.spec.dtype)
        read = prefill_batch(
            self.loaded, self.prefix, chunks, precision=precision, device=self.spec.device, cancelled=cancelled
        )
        scored = score_batch(self.loaded, self.prefix, [one.kv for one in read], question, cancelled=cancelled)
        return [RescoredSpan(sum(token_nll), one) for one, (token_nll, _) in zip(read, scored, strict=True)]

    def reread(
        self, chunks: Sequence[Chunk], question: Question, max_new_tokens: int, cancelled: Cancel | None = None
    ) -> Selection:
        """Return a selection of these tokens alone, which are read again in one window.

        Raises WindowError if they do not fit the window, and Cancelled.
        """
        room = len(question.all_ids) + max_new_tokens
        clustered = self.config.clustered_heads
        state = reread(self.loaded, self.prefix, chunks, room, cancelled, clustered)
        return Selection((), state, question, max_new_tokens)

    def alone(self, read: ChunkKV, question: Question, max_new_tokens: int) -> Selection:
        """Return a selection of one chunk alone, as it was read by `prefill` or `rescore_spans`.

        Raises WindowError if it does not fit the window.
        """
        room = len(question.all_ids) + max_new_tokens
        state = alone(self.loaded, self.prefix, read, room, self.config.clustered_heads)
        return Selection((), state, question, max_new_tokens)

    def plain(
        self,
        token_ids: Sequence[int],
        max_new_tokens: int,
        cancelled: Cancel | None = None,
        *,
        beginning: Prefix | None = None,
    ) -> Selection:
        """Return a selection that goes on from an ordinary prompt of at least two tokens, without the prefix.

        If `beginning` holds the prompt's first tokens, all but two at most, they are not read again. Raises
        WindowError or MemoryPlanError before work starts if the prompt does not fit, and Cancelled.
        """
        self.check_plain(len(token_ids) + max_new_tokens)
        *before, last = token_ids
        read = self.read_prefix(()) if beginning is None else beginning
        left = Chunk(0, 0, tuple(before[len(read) :]))
        state = reread(self.loaded, read, [left], 1 + max_new_tokens, cancelled)
        return Selection((), state, Question((before[-1],), (last,)), max_new_tokens, asked=True)

    def check_plain(self, tokens: int) -> None:
        """Raise WindowError or MemoryPlanError if an ordinary prompt and its answer, so many tokens, do not fit."""
        if tokens > self.spec.window:
            raise WindowError(
                f"the prompt and its answer take {tokens:,} tokens, the model's window is {self.spec.window:,}; "
                "shorten the prompt or lower max_new_tokens"
            )
        check_plain(self.spec, tokens)

    def attribution_observer(self, selection: Selection) -> AttributionObserver:
        """Return an observer for `attribute` that measures to which document tokens the question attends."""
        weights = question_weights(selection.question)
        return AttributionObserver(selection.context, observed_layers(self.spec), weights)

    def attribute(self, selection: Selection, observer: Observer, cancelled: Cancel | None = None) -> Selection:
        """Run the question through the context, up to `question.last_ids`, and show the pass to `observer`.

        Returns the selection with `asked` set; it shares its state with the one given. Raises Cancelled.
        """
        selection.state.step(selection.question.asked, observer, cancelled)
        return replace(selection, asked=True)

    def generate(
        self,
        selection: Selection,
        sampling: Sampling,
        stop_ids: frozenset[int],
        *,
        copied_from: Sequence[int] = (),
        predicted: Callable[[Tensor], None] | None = None,
        cancelled: Cancel | None = None,
    ) -> Iterator[int]:
        """Run what is left of the question, then yield the answer's token ids one by one, without the stop id.

        An answer that copies from the tokens `copied_from` takes fewer passes for it on a CPU, and is the same.
        `predicted` is called with the log-probabilities of the first token, fp32 (vocabulary,). Raises ValueError
        if the answer may be longer than the selection has room for, and Cancelled.
        """
        if sampling.max_new_tokens > selection.max_new_tokens:
            raise ValueError(
                f"the selection has room for an answer of {selection.max_new_tokens} tokens, "
                f"{sampling.max_new_tokens} were asked for; compress with more"
            )
        lookup = Lookup(copied_from) if copied_from else None
        return selection.tokens(sampling, stop_ids, lookup, predicted, cancelled)

    def replies_at_once(self) -> int:
        """Return how many chunks are answered from together, by the memory that is free."""
        return self.plan(0).reply_batch

    def reply_each(
        self,
        chunks: Sequence[ChunkKV],
        request: ReplyRequest,
        memory: MemoryPlan,
        cancelled: Cancel | None = None,
    ) -> Iterator[Reply]:
        """Yield what each chunk by itself answers, in the chunks' order. Raises WindowError and Cancelled."""
        longest = max(one.kv.tokens for one in chunks)
        self._check_fits(len(self.prefix) + longest + len(request.question_ids) + request.longest)
        return reply_each(self.loaded, self.prefix, chunks, request, memory.reply_batch, cancelled)

    def answer_nll(self, selection: Selection, answer_ids: Sequence[int], cancelled: Cancel | None = None) -> float:
        """Return the mean -log P of these tokens as the answer, in nats per token. Uses up the selection.

        Raises ValueError if there is no token or no room for the tokens, and Cancelled.
        """
        if not 0 < len(answer_ids) <= selection.max_new_tokens:
            raise ValueError(
                f"the selection has room for an answer of 1 to {selection.max_new_tokens} tokens, not for "
                f"{len(answer_ids)}; compress with more"
            )
        total, ahead = 0.0, selection.left_ids
        for token in answer_ids:
            total -= float(selection.state.step(ahead, None, cancelled)[token])
            ahead = (token,)
        return total / len(answer_ids)


def _poll(cancelled: Cancel | None) -> None:
    if cancelled is not None and cancelled():
        raise Cancelled("stopped while reading")
