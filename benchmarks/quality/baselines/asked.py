"""A case as token ids: prefix, document, question and the answer's first words, the same words as ours has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wholedoc.answering.asking import ANSWER_PREFIX
from wholedoc.documents.document import PAGE_SEPARATOR, Document
from wholedoc.documents.tokenized import TokenizedDocument, tokenize
from wholedoc.models.chat_template import encode
from wholedoc.models.text_model import TextModel
from wholedoc.settings import SMALL_MODEL

from ..cases.case import Case
from ..method import NotApplicable, Outcome
from .answer_places import evidence_kept


@dataclass(frozen=True)
class Reply:
    """How an answer begins and when it ends; with `one_line` it also ends with its first line."""

    max_new_tokens: int = 64
    answer_prefix: str = ""
    one_line: bool = False

    @classmethod
    def like_ours(cls, model: TextModel, max_new_tokens: int = 64) -> Reply:
        """Return how wholedoc lets a model of this size answer."""
        small = model.parameters < SMALL_MODEL
        return cls(max_new_tokens, ANSWER_PREFIX if small else "", one_line=small)

    def stop_ids(self, model: TextModel) -> frozenset[int]:
        return model.stop_ids | model.line_ends if self.one_line else model.stop_ids


@dataclass(frozen=True)
class Said:
    """An answer's token ids, the mean NLL of the wanted answer in its place (nats per token), and seconds."""

    token_ids: tuple[int, ...]
    nll: float
    read_s: float
    answer_s: float


@dataclass(frozen=True)
class Asked:
    """A case in token ids.

    `after` is everything between document and answer, `question` the part of it before the tail, and `wanted` the
    first accepted answer.
    """

    case: Case
    document: TokenizedDocument
    prefix: tuple[int, ...]
    question: tuple[int, ...]
    after: tuple[int, ...]
    wanted: tuple[int, ...]
    reply: Reply

    @property
    def around(self) -> int:
        """Tokens that the prompt has besides the document, with room for the answer and for the wanted answer."""
        return len(self.prefix) + len(self.after) + max(self.reply.max_new_tokens, len(self.wanted))

    def outcome(
        self, model: TextModel, said: Said, kept: Sequence[range], pages: tuple[int, ...] | None = None
    ) -> Outcome:
        """Return the outcome, given that the document's tokens in the ranges `kept` were read."""
        return Outcome(
            text=model.decode(list(said.token_ids)).strip(),
            nll=said.nll,
            evidence_kept=evidence_kept(self.case, self.document, kept),
            pages=pages,
            kept_tokens=sum(map(len, kept)),
            read_s=said.read_s,
            answer_s=said.answer_s,
        )


class Asker:
    """Turns cases into `Asked`. It keeps the last document's tokens: questions about it come one after another."""

    def __init__(self, model: TextModel, reply: Reply) -> None:
        self.model = model
        self.reply = reply
        self._document: TokenizedDocument | None = None
        self._pages: tuple[str, ...] = ()

    def __call__(self, case: Case) -> Asked:
        """Return the case in token ids. Raises NotApplicable if it has no accepted answer."""
        if not case.answers or not case.answers[0].strip():
            raise NotApplicable("the case has no accepted answer")
        prompt, tokenizer = self.model.prompt, self.model.tokenizer
        question = prompt.question(tokenizer, case.question.strip(), answer_prefix=self.reply.answer_prefix)
        wanted = encode(tokenizer, self._joint() + case.answers[0])
        asked = question.preamble + question.ids
        return Asked(case, self._tokenized(case), prompt.prefix, asked, question.all_ids, wanted, self.reply)

    def _joint(self) -> str:
        """Return what stands between prompt and answer: a space, unless the prompt ends in white space."""
        before = self.model.decode(list(self.model.prompt.suffix)) + self.reply.answer_prefix
        return " " if before and not before[-1].isspace() else ""

    def _tokenized(self, case: Case) -> TokenizedDocument:
        if self._document is None or self._pages != case.pages:
            pages = [(text, str(number)) for number, text in enumerate(case.pages, 1)]
            document = Document.from_pages(case.task, case.task, pages, separator=PAGE_SEPARATOR)
            self._document, self._pages = tokenize(document, self.model.tokenizer), case.pages
        return self._document
