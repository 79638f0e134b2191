"""How a question to every part is shown: its progress, its items as they are found, and its answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from .terminal import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...answer import Answer, Event, Expected, Item
    from ...everywhere.kinds import Kind


def show_everywhere(events: Iterator[Event], question: str, kind: Kind, expected: Expected) -> Answer:
    """Prints the answer to a question to every part, and returns it. While it works, progress is on stderr."""
    from ...answer import AskingParts, Done, Planned, Reading, Scoring
    from .progress import bars, tell

    say(f"\n{question}", bold=True)
    tell(f"asking everywhere ({kind.value}): {_plan(kind, expected)}; --one-place looks for one place instead")
    with bars() as shown:
        for event in events:
            if isinstance(event, Planned | Reading | Scoring | AskingParts):
                shown.show(event)
            elif isinstance(event, Done):
                break
        else:
            raise AssertionError("a stream ends with Done")
    answer = event.answer
    say(answer.text)
    _print_cost(answer)
    return answer


def _plan(kind: Kind, expected: Expected) -> str:
    """Returns what it will take: how many are asked, and for how long if this machine has done it before."""
    from ...everywhere.kinds import Kind
    from .progress import duration

    if kind is Kind.COMPARISON:
        return f"{expected.parts:,} documents, one after the other"
    if kind is Kind.CHANGES:
        return f"{expected.parts:,} paragraphs or groups of them, which no model has to read"
    if kind is Kind.SUMMARY:
        parts = f"{expected.asked:,} sections without notes" if expected.asked else "from notes that are kept"
    elif expected.asked < expected.parts:
        parts = f"{expected.parts:,} parts, the most promising of them first"
    else:
        parts = f"{expected.parts:,} parts"
    return parts if expected.seconds is None else f"{parts}, {duration(expected.seconds)} at most"


def _print_cost(answer: Answer) -> None:
    everywhere = answer.everywhere
    assert everywhere is not None
    if everywhere.cut_short:
        say(f"  {everywhere.cut_short:,} parts had more to say than one reply holds", fg="yellow")
    say(
        f"  {everywhere.asked:,} of {everywhere.parts:,} parts asked, {answer.timings.total_s:.1f} s in all",
        dim=True,
    )


def everywhere_json(answer: Answer) -> dict[str, object]:
    """Returns what `--json` says about a question to every part; nothing for one to one place."""
    everywhere = answer.everywhere
    if everywhere is None:
        return {}
    return {
        "items": [_item(one) for one in everywhere.items],
        "count": everywhere.count,
        "sections": [asdict(one) for one in everywhere.sections],
        "parts": {"all": everywhere.parts, "asked": everywhere.asked, "cut_short": everywhere.cut_short},
    }


def _item(item: Item) -> dict[str, object]:
    return {name: value for name, value in asdict(item).items() if name != "document_id"}
