"""The text around a document and a question, or around a conversation, taken from the model's own chat template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parallelcomp import Question, WindowError

from ..conversation import Turn
from ..documents.encoding import encodings, longest_token
from ..errors import ModelError

SYSTEM = "You answer questions about a document. Use only what the document says, and answer briefly."
DOCUMENT_MARK, QUESTION_MARK, ANSWER_MARK, NEXT_MARK = "⟦document⟧", "⟦question⟧", "⟦answer⟧", "⟦next⟧"
INSTRUCTIONS_MARK = "⟦instructions⟧"
ASK = "\n\nQuestion:"


@dataclass(frozen=True)
class PromptSegments:
    """The segments of a prompt, as token ids.

    `prefix` stands before the document, `preamble` between the document and the question, `suffix` after a
    question, and `turn` between an answer and the next question.
    """

    prefix: tuple[int, ...]
    preamble: tuple[int, ...]
    suffix: tuple[int, ...]
    turn: tuple[int, ...]

    @classmethod
    def of(cls, tokenizer: Any) -> PromptSegments:
        """Take the segments from a tokenizer's chat template, or from a plain one if it has none."""
        return cls(*(encode(tokenizer, text, special=True) for text in _pieces(tokenizer)))

    def question(
        self,
        tokenizer: Any,
        text: str,
        history: Sequence[Turn] = (),
        instructions: str = "",
        answer_prefix: str = "",
    ) -> Question:
        """Return the question's tokens after the earlier turns. `answer_prefix` is how the answer begins.

        Instructions and earlier turns belong to the preamble: the model sees them, but only the question is scored.
        """
        preamble = encode(tokenizer, f"\n\n{instructions}") + self.preamble if instructions else self.preamble
        for earlier in history:
            asked, answered = (encode(tokenizer, f" {earlier.question}"), encode(tokenizer, earlier.answer))
            preamble = preamble + asked + self.suffix + answered + self.turn
        return Question(preamble, encode(tokenizer, f" {text}"), self.suffix + encode(tokenizer, answer_prefix))


def encode(tokenizer: Any, text: str, *, special: bool = False) -> tuple[int, ...]:
    """Return the token ids of `text`.

    Only the template's own text may contain special tokens (`special`). In a document or a question whatever looks
    like one is read as text, so that it cannot end the prompt or open another role.
    """
    return tuple(id for _, encoded in encodings(tokenizer, text, special=special) for id in encoded["input_ids"])


def check_room(tokenizer: Any, window: int, texts: Sequence[str], history: Sequence[Turn] = ()) -> None:
    """Raise WindowError if the texts and turns have more characters than a window of tokens can hold, so that
    nothing is tokenized that cannot fit."""
    said = sum(len(turn.question) + len(turn.answer) for turn in history)
    characters, most = said + sum(map(len, texts)), window * longest_token(tokenizer)
    if characters > most:
        raise WindowError(
            f"the text outside of documents has {characters:,} characters, and the model's window of {window:,} "
            f"tokens cannot hold more than {most:,}: shorten it, or send the long part as a document"
        )


def chat_ids(
    tokenizer: Any, question: str, history: Sequence[Turn] = (), instructions: str = ""
) -> tuple[int, ...]:
    """Return the token ids of an ordinary conversation, without any document, up to where the model answers.

    Raises ModelError if the model's template leaves one of the texts out.
    """
    said = [text for turn in history for text in (turn.question, turn.answer)] + [question]
    texts = {f"⟦{index}⟧": text for index, text in enumerate(said)}
    rest = _conversation(tokenizer, INSTRUCTIONS_MARK if instructions else "", list(texts))
    if instructions:
        texts = {INSTRUCTIONS_MARK: instructions, **texts}
    ids: tuple[int, ...] = ()
    for mark, text in texts.items():
        before, found, rest = rest.partition(mark)
        if not found:
            raise ModelError("the model's chat template leaves a message out: use another model")
        ids += encode(tokenizer, before, special=True) + encode(tokenizer, text)
    return ids + encode(tokenizer, rest, special=True)


def around(tokenizer: Any, before: str, behind: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the token ids in front of a text and behind it, up to where the model answers, if a user message
    consists of `before`, the text and `behind`.

    Raises ModelError if the model's template leaves the message out.
    """
    opening, found, closing = _conversation(tokenizer, "", [DOCUMENT_MARK]).partition(DOCUMENT_MARK)
    if not found:
        raise ModelError("the model's chat template leaves a message out: use another model")
    return (
        encode(tokenizer, opening, special=True) + encode(tokenizer, before),
        encode(tokenizer, behind) + encode(tokenizer, closing, special=True),
    )


def stop_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    """Return the ids that end an answer, by the model's generation config and by the tokenizer."""
    named = model.generation_config.eos_token_id
    ids = set(named) if isinstance(named, list) else {named}
    ids.add(tokenizer.eos_token_id)
    return frozenset(i for i in ids if i is not None)


def _pieces(tokenizer: Any) -> tuple[str, str, str, str]:
    """Return the text of the four segments: before the document, before the question, after it, and between two
    turns."""
    first, following = f"{DOCUMENT_MARK}{ASK}{QUESTION_MARK}", f"{ASK.lstrip()}{NEXT_MARK}"
    if tokenizer.chat_template is None:
        opened = f"{tokenizer.bos_token or ''}{first}\nAnswer:"
        continued = f"{opened}{ANSWER_MARK}\n\n{following}"
    else:
        # The suffix is taken from a first turn: templates of thinking models begin later answers in another way.
        opened = _render(tokenizer, first)
        continued = _render(tokenizer, first, ANSWER_MARK, following)
    before, rest = opened.split(DOCUMENT_MARK)
    between, after = rest.split(QUESTION_MARK)
    turn = continued.split(ANSWER_MARK)[1].split(NEXT_MARK)[0]
    return before, between, after, turn


def _conversation(tokenizer: Any, instructions: str, messages: Sequence[str]) -> str:
    """Render messages of user and assistant, in turn, by the tokenizer's template, or by a plain one if it has
    none."""
    if tokenizer.chat_template is not None:
        return _render(tokenizer, *messages, instructions=instructions)
    opening = f"{tokenizer.bos_token or ''}{instructions}" + ("\n\n" if instructions else "")
    if len(messages) == 1:
        return opening + messages[0]
    turns = [f"{('User', 'Assistant')[index % 2]}: {text}\n\n" for index, text in enumerate(messages)]
    return f"{opening}{''.join(turns)}Assistant:"


def _render(tokenizer: Any, first: str, *later: str, instructions: str = SYSTEM) -> str:
    """Render the template with instructions, a first user message, and later messages of assistant and user in
    turn."""
    from jinja2 import TemplateError

    def render(system: Sequence[dict[str, str]], content: str) -> str:
        roles = ("assistant", "user")
        messages = [*system, {"role": "user", "content": content}]
        messages += [{"role": roles[index % 2], "content": text} for index, text in enumerate(later)]
        text: str = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        return text

    if not instructions:
        return render([], first)
    try:
        return render([{"role": "system", "content": instructions}], first)
    except TemplateError:  # templates of models without a system role raise
        return render([], f"{instructions}\n\n{first}")
