"""The text around document and question, taken from the model's own chat template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parallelcomp import Question

SYSTEM = "You answer questions about a document. Use only what the document says, and answer briefly."
DOCUMENT_MARK, QUESTION_MARK = "⟦document⟧", "⟦question⟧"
ASK = "\n\nQuestion:"


@dataclass(frozen=True)
class Prompt:
    """Token ids before the document, between document and question, and after the question."""

    prefix: tuple[int, ...]
    lead: tuple[int, ...]
    tail: tuple[int, ...]

    @classmethod
    def of(cls, tokenizer: Any) -> Prompt:
        """Read the template of a tokenizer, or a plain one where it has none."""
        before, between, after = _pieces(tokenizer)
        return cls(*(encode(tokenizer, text, special=True) for text in (before, between, after)))

    def question(self, tokenizer: Any, text: str, opening: str = "") -> Question:
        """The question's tokens in their place; `opening` are the first words of the answer."""
        return Question(self.lead, encode(tokenizer, f" {text}"), self.tail + encode(tokenizer, opening))


def encode(tokenizer: Any, text: str, *, special: bool = False) -> tuple[int, ...]:
    """Token ids of `text`. Only our own template text may contain special tokens: in a document or a question,
    something that looks like one is text, so that it cannot end the prompt or open another role."""
    encoded = tokenizer(text, add_special_tokens=False, split_special_tokens=not special)
    return tuple(encoded["input_ids"])


def stop_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    """Ids that end an answer: what the model's generation config and the tokenizer name."""
    named = model.generation_config.eos_token_id
    ids = set(named) if isinstance(named, list) else {named}
    ids.add(tokenizer.eos_token_id)
    return frozenset(i for i in ids if i is not None)


def _pieces(tokenizer: Any) -> tuple[str, str, str]:
    content = f"{DOCUMENT_MARK}{ASK}{QUESTION_MARK}"
    if tokenizer.chat_template is None:
        rendered = f"{tokenizer.bos_token or ''}{content}\nAnswer:"
    else:
        rendered = _render(tokenizer, content)
    before, rest = rendered.split(DOCUMENT_MARK)
    between, after = rest.split(QUESTION_MARK)
    return before, between, after


def _render(tokenizer: Any, content: str) -> str:
    from jinja2 import TemplateError

    user = {"role": "user", "content": content}
    options = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}
    try:
        rendered: str = tokenizer.apply_chat_template([{"role": "system", "content": SYSTEM}, user], **options)
    except TemplateError:  # templates of models without a system role raise
        user["content"] = f"{SYSTEM}\n\n{content}"
        rendered = tokenizer.apply_chat_template([user], **options)
    return rendered
