"""One question: to which documents it goes, who answers it and how, and its tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from parallelcomp import ChunkScore, Engine, Question, RetrievalHeads, WindowError

from ..conversation import Turn
from ..errors import QuestionError
from ..models.chat_template import check_room
from ..models.text_model import TextModel
from ..reading.corpus import Corpus
from ..settings import SMALL_MODEL, AnswerFrom, Settings
from ..writers.writer import Writer

Cancel = Callable[[], bool]
# A small model that is given the first word of its answer comes to the point: of the sample questions, 65 % are
# answered right from the best passage with this word, and 58 % without it.
ANSWER_PREFIX = "Answer:"


@dataclass(frozen=True)
class Scores:
    """The scores of chunks from a pass with other questions. `seconds` is this question's share of its time."""

    chunks: tuple[ChunkScore, ...]
    seconds: float


@dataclass(frozen=True)
class Asking:
    """A question, with the documents that it goes to, the model that answers, and the settings.

    The `instructions` are used where the answer is written. Chunks are scored without them, so they cost nothing
    per chunk. `scores` are given if they were made together with other questions. `writer` answers from the
    passages; None means that the model that reads also answers. `asked` is what the person wrote, if `text` stands
    in for it. `searched` is what chunks and passages are found by, if that is not `text`. `heads` are the model's
    retrieval heads; None means that they are not known, or that nothing is scanned.
    """

    engine: Engine
    model: TextModel
    corpus: Corpus
    text: str
    settings: Settings
    history: tuple[Turn, ...] = ()
    instructions: str = ""
    stop: tuple[str, ...] = ()
    cancelled: Cancel | None = None
    scores: Scores | None = None
    writer: Writer | None = None
    asked: str | None = None
    searched: str | None = None
    heads: RetrievalHeads | None = None

    @property
    def answer_from(self) -> AnswerFrom:
        small = self.model.parameters < SMALL_MODEL
        return self.settings.answer_from or (AnswerFrom.QUOTE if small else AnswerFrom.CONTEXT)

    @property
    def max_new_tokens(self) -> int:
        return self.settings.sampling.max_new_tokens

    @property
    def found_by(self) -> str:
        """The text that chunks and passages are found by."""
        return self.searched or self.text

    def search_question(self) -> Question:
        """Return the question that chunks and passages are scored by.

        It comes without instructions and without the turns before it, which would explain it in place of the chunk.
        """
        return self.model.prompt.question(self.model.tokenizer, self.found_by.strip())

    def question(self, *, instructed: bool = False, answer_prefix: str = "") -> Question:
        """Return the question's tokens after the earlier turns. `answer_prefix` is how the answer begins.

        Raises QuestionError if the question is empty or the text before it is too long, and WindowError if the
        question alone is too long.
        """
        if not self.text.strip():
            raise QuestionError("the question is empty: write one")
        prompt, tokenizer = self.model.prompt, self.model.tokenizer
        instructions = self.instructions.strip() if instructed else ""
        check_room(tokenizer, self.engine.spec.window, (self.text, instructions), self.history)
        self.engine.check_question(prompt.question(tokenizer, self.text.strip()), self.max_new_tokens)
        question = prompt.question(tokenizer, self.text.strip(), self.history, instructions, answer_prefix)
        try:
            self.engine.check_question(question, self.max_new_tokens)
        except WindowError as error:
            raise QuestionError(
                f"{'instructions and conversation take' if instructions else 'the conversation has grown to'} "
                f"{len(question.preamble):,} tokens, which with a chunk of the document fills the model's window "
                f"of {self.engine.spec.window:,}: {'shorten them' if instructions else 'start a new conversation'}"
            ) from error
        return question

    def check(self) -> None:
        """Raise QuestionError or WindowError if this cannot be asked, whatever the documents."""
        self.question(
            instructed=True, answer_prefix="" if self.answer_from is AnswerFrom.CONTEXT else ANSWER_PREFIX
        )
