"""Makes cases at any length in which something is to be found, like those of InfiniteBench and RULER.

The same seed gives the same cases, and cases of one length share their haystack. Depths are spaced evenly from the
first sentence to the last.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from enum import Enum

from .case import BETWEEN, Case, Metric
from .haystack import Count, Haystack, Needle

# The needles' colours and things; none of these words is in the filler.
COLOURS = (
    "amber", "azure", "crimson", "emerald", "golden", "indigo", "ivory", "jade", "purple", "scarlet", "silver",
    "violet",
)  # fmt: skip
TREASURES = (
    "anchor", "astrolabe", "compass", "crown", "dagger", "falcon", "goblet", "harp", "hourglass", "lantern",
    "mirror", "sceptre", "sphinx", "statue", "telescope", "trident",
)  # fmt: skip
PAIRS_A_GROUP = 4
GROUPS_A_PAGE = 3


class Task(Enum):
    """What is to be found in the text."""

    PASSKEY = "passkey"
    """A key of seven digits, in one sentence."""
    NUMBER = "number"
    """A string of twenty digits, in one sentence."""
    KEY_VALUE = "key-value"
    """The value of one of many pairs of random identifiers."""
    NEEDLES = "needles"
    """Several codes in one text; each is asked for alone, and all together."""


def cases(task: Task, tokens: int, count: Count, *, depths: int = 10, seed: int = 0) -> list[Case]:
    """Return cases of about `tokens` tokens, as `count` counts them: one for each depth, and any the task adds.

    Raises ValueError for fewer than two depths.
    """
    if depths < 2:
        raise ValueError(f"depths go from the first sentence to the last: at least 2, got {depths}")
    return _MAKERS[task](tokens, count, [index / (depths - 1) for index in range(depths)], seed)


def _passkey(tokens: int, count: Count, depths: list[float], seed: int) -> list[Case]:
    draw = random.Random(f"passkey {seed}")
    told = [
        (depth, key, f"The pass key is {key}. Remember it: {key} is the pass key.")
        for depth in depths
        for key in [str(draw.randrange(1_000_000, 10_000_000))]
    ]
    return _single(Task.PASSKEY, "What is the pass key?", told, tokens, count, seed)


def _number(tokens: int, count: Count, depths: list[float], seed: int) -> list[Case]:
    draw = random.Random(f"number {seed}")
    told = [
        (depth, digits, f"The sequence of digits is {digits}.")
        for depth in depths
        for digits in [str(draw.randrange(10**19, 10**20))]
    ]
    return _single(Task.NUMBER, "What is the sequence of digits?", told, tokens, count, seed)


def _single(
    task: Task, question: str, told: list[tuple[float, str, str]], tokens: int, count: Count, seed: int
) -> list[Case]:
    """Return a case for each `(depth, answer, sentence)`, with that sentence alone in the same haystack."""
    haystack = Haystack.of(seed, tokens - count(told[0][2]), count)
    made: list[Case] = []
    for depth, answer, sentence in told:
        hidden = haystack.hide([Needle(depth, sentence)])
        evidence = frozenset(hidden.at)
        made.append(Case(task.value, hidden.pages, question, (answer,), Metric.CONTAINS, evidence, depth))
    return made


def _needles(tokens: int, count: Count, depths: list[float], seed: int) -> list[Case]:
    draw = random.Random(f"needles {seed}")
    things = [
        f"{draw.choice(COLOURS)} {treasure}"
        for treasure in draw.sample(TREASURES * -(-len(depths) // len(TREASURES)), len(depths))
    ]
    codes = [str(code) for code in draw.sample(range(100_000, 1_000_000), len(depths))]
    sentences = [f"The code of the {thing} is {code}." for thing, code in zip(things, codes, strict=True)]
    haystack = Haystack.of(seed, tokens - count(" ".join(sentences)), count)
    hidden = haystack.hide([Needle(*one) for one in zip(depths, sentences, strict=True)])
    name = Task.NEEDLES.value
    each = [
        Case(
            name,
            hidden.pages,
            f"What is the code of the {thing}?",
            (code,),
            Metric.CONTAINS,
            frozenset([page]),
            depth,
        )
        for thing, code, page, depth in zip(things, codes, hidden.at, depths, strict=True)
    ]
    listed = ", ".join(f"the {thing}" for thing in things)
    all_of_them = f"What are the codes of these {len(things)} things: {listed}? Name every code."
    return [*each, Case(f"{name}, all", hidden.pages, all_of_them, tuple(codes), Metric.ALL, frozenset(hidden.at))]


def _key_value(tokens: int, count: Count, depths: list[float], seed: int) -> list[Case]:
    """Return cases about one document: pairs of identifiers as JSON, in groups between blank lines."""
    draw = random.Random(f"key-value {seed}")
    groups: list[list[tuple[str, str]]] = []
    left = tokens
    while left > 0:
        group = [(_identifier(draw), _identifier(draw)) for _ in range(PAIRS_A_GROUP)]
        taken = count(_group(group) + BETWEEN)
        if taken > left:
            group = group[: round(PAIRS_A_GROUP * left / taken)]
        if group:
            groups.append(group)
        left -= taken
    pages = [groups[at : at + GROUPS_A_PAGE] for at in range(0, len(groups), GROUPS_A_PAGE)]
    texts = [BETWEEN.join(map(_group, page)) for page in pages]
    texts[0], texts[-1] = "{\n" + texts[0], texts[-1].rstrip(",") + "\n}"
    pairs = [(key, value, page) for page, some in enumerate(pages) for group in some for key, value in group]
    made: list[Case] = []
    for depth in depths:
        key, value, page = pairs[round(depth * (len(pairs) - 1))]
        question = f'What is the value of the key "{key}"?'
        evidence = frozenset([page])
        made.append(Case(Task.KEY_VALUE.value, tuple(texts), question, (value,), Metric.CONTAINS, evidence, depth))
    return made


def _identifier(draw: random.Random) -> str:
    return str(uuid.UUID(int=draw.getrandbits(128), version=4))


def _group(pairs: list[tuple[str, str]]) -> str:
    return "\n".join(f'"{key}": "{value}",' for key, value in pairs)


_MAKERS: dict[Task, Callable[[int, Count, list[float], int], list[Case]]] = {
    Task.PASSKEY: _passkey,
    Task.NUMBER: _number,
    Task.KEY_VALUE: _key_value,
    Task.NEEDLES: _needles,
}
