"""What a document's first page on the shelf says: what kind of document it is, its sections, and what to ask it."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence

from ..answer import AskingParts, Introduction, SummarySection
from ..documents.sentences import sentences
from ..writers.parts import PartsReader, parts_at_once, read_parts
from .asking import PartsAsking, groups
from .notes import take_notes
from .passages import Passages, passages_of
from .stems import stems

# So many questions are proposed; more sections are asked for one, since some of theirs are no good.
QUESTIONS, SECTIONS = 5, 12
QUESTION_TOKENS, KIND_TOKENS = 40, 12
BEFORE = "Read the passages.\n\n"
ASK = (
    "\n\nWrite one short question about a particular fact, name or number that these passages state. "
    "Write the question alone."
)
ANSWERED = "\n\nQuestion: {question}\nDo the passages answer this question? Answer Yes or No."
KIND = (
    "\n\nWhat kind of document is this, for example a contract, a manual, a report or a letter? "
    "Answer with the kind alone, in one to four words."
)
NOTES = "These are the beginning of a document and notes on its sections.\n\n"
# Characters of the document's beginning and of the notes that its kind is told from.
BEGINNING, NOTED = 600, 3000
# A question has so many words, and so many that its title does not say.
WORDS = range(4, 25)
LEAST_NEW = 2
# A question that the writer does not find answered with this probability is not proposed.
LIKELY = 0.5


def introduce(asking: PartsAsking) -> Generator[AskingParts, None, Introduction]:
    """Introduce the one document of `asking`, by notes on its sections, which are kept.

    Yields AskingParts while notes are missing. Raises what the writer raises.
    """
    (document,) = asking.documents
    passages = passages_of(asking)
    sections = yield from take_notes(asking, passages)
    kind = _kind(asking, sections) if sections else ""
    questions = yield from _questions(asking, passages)
    return Introduction(document.id, document.name, len(document.pages), kind, tuple(sections), tuple(questions))


def _kind(asking: PartsAsking, sections: Sequence[SummarySection]) -> str:
    """Return what kind of document it is, in a few words; empty if the writer says more or nothing."""
    beginning = asking.parts[0].text[:BEGINNING]
    notes = "\n".join(f"{one.title}: {one.sentences[0].text}" for one in sections)[:NOTED]
    reader = read_parts(asking.writer, NOTES, [f"{beginning}\n\n{notes}"], asking.cancelled)
    (reply,) = reader.replies(KIND, KIND_TOKENS, asking.cancelled)
    words = re.sub(r"^(?:this is |it is )?(?:an? |the )?", "", reply.text.strip().split("\n")[0], flags=re.I)
    return words.strip(" .\"'") if not reply.cut_short else ""


def _questions(asking: PartsAsking, passages: Sequence[Passages]) -> Generator[AskingParts, None, list[str]]:
    """Return questions that the passages of sections all over the document answer, in its order."""
    chosen = _spread(passages)
    rated: list[tuple[float, int, str]] = []
    done = 0
    for group in groups(chosen, parts_at_once(asking.writer)):
        yield AskingParts(done, len(chosen))
        reader = read_parts(asking.writer, BEFORE, [one.shown for one in group], asking.cancelled)
        replies = list(reader.replies(ASK, QUESTION_TOKENS, asking.cancelled))
        for index, (one, reply) in enumerate(zip(group, replies, strict=True)):
            question = _question(reply.text)
            if question and _is_worth_asking(question, one):
                rated.append((_answered(reader, index, question, asking), done + index, question))
        done += len(group)
    yield AskingParts(done, len(chosen))
    best = sorted(rated, key=lambda one: -one[0])
    kept = [one for one in best if one[0] >= LIKELY][:QUESTIONS]
    return list(dict.fromkeys(question for _, _, question in sorted(kept, key=lambda one: one[1])))


def _spread(passages: Sequence[Passages]) -> list[Passages]:
    """Return the sections with the most text, as many as are asked for a question, in order."""
    largest = sorted(passages, key=lambda one: -sum(len(part.text) for part in one.section.parts))[:SECTIONS]
    return [one for one in passages if one in largest]


def _question(reply: str) -> str:
    """Return the first question of a reply; empty if there is none."""
    text = " ".join(reply.split())
    found = (text[one.start : one.stop] for one in sentences(text))
    return next((one.strip(" \"'*-") for one in found if one.rstrip(" \"'*").endswith("?")), "")


def _is_worth_asking(question: str, passages: Passages) -> bool:
    """Return whether a question asks about what the section says, and not only for its title or "the passage"."""
    if len(question.split()) not in WORDS or re.search(r"\b(passages?|text|section|excerpt)\b", question, re.I):
        return False
    said = stems(" ".join(part.text for part in passages.parts))
    return len((stems(question) & said) - stems(passages.section.title)) >= LEAST_NEW


def _answered(reader: PartsReader, index: int, question: str, asking: PartsAsking) -> float:
    """Return how likely the passages answer the question, says the writer."""
    return reader.agreement(index, [ANSWERED.format(question=question)], asking.cancelled)[0]
