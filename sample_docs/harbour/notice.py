"""The short document: a notice of five parts, and the questions asked of it."""

from __future__ import annotations

from typing import Any

from reportlab.platypus import Paragraph

from harbour import layout
from harbour.asked import Asked
from harbour.pages import Chapter, Entry, Section, Table

TITLE = "Notice to Visiting Yachts"
_ROWS = (
    ("Up to 8 metres", "14", "84", "290"),
    ("Up to 12 metres", "19", "112", "405"),
    ("Up to 16 metres", "27", "158", "560"),
    ("Over 16 metres", "38", "221", "790"),
)
_ARRIVAL = (
    (
        "Papers",
        "A yacht from abroad flies the yellow flag until a constable has been aboard. The constable will "
        "ask for the "
        "ship's papers, a list of the crew, and word of any sickness. Nobody goes ashore before that, "
        "except to make "
        "fast. Spirits above two litres a head are sealed in a locker and the seal is seen again on "
        "leaving.",
    ),
    (
        "Call",
        "A yacht that means to come in shall call the signal station on channel 12 when she passes Cold "
        "Point, "
        "and shall give her length, her draught and the number aboard. No yacht may pass the North Mole "
        "light "
        "while three red lamps are shown. If there is no answer she may anchor in the Outer Road and wait.",
    ),
    (
        "Speed",
        "The limit within the moles is four knots. Sails may be carried as far as the lock, but the "
        "engine must be "
        "ready. A yacht gives way to the evening ferry in all circumstances, even those in which the "
        "ferry is wrong.",
    ),
    (
        "Berths",
        "Visitors lie at Fiddlers Hard, rafted no more than three deep, with the heaviest inside. Those "
        "drawing more "
        "than 2.6 metres are sent to Mercy Dock, since the hard dries there at springs. A berth is held "
        "for ninety "
        "minutes after the hour named in the call and is then let to another.",
    ),
)
_STAY = (
    (
        "Washhouse",
        "The washhouse behind the sail loft is open from six in the morning until the last ferry. The key"
        " is lent "
        "against a deposit of 10 crowns, which is returned with the key and not without it. Clothes lines"
        " are for "
        "clothes, and nets are dried on the shingle.",
    ),
    (
        "Water and power",
        "Water is free at the taps by the steps. Power is taken from the pedestals with a token, which is"
        " sold at "
        "the chandler's for 3 crowns and lasts about a day. Heaters left on in an empty boat will be "
        "switched off.",
    ),
    (
        "Quiet",
        "Halyards are to be tied away from the mast at dusk. Music on deck ends at 22:00, save on the "
        "night of the "
        "regatta. Complaints go to the berthing master, Rosalind Thackeray, whose door is the green one.",
    ),
    (
        "Waste",
        "Oil and filters are received without charge at the blue shed from Monday to Friday. Nothing is "
        "to be put in "
        "the basin. The fine for emptying a holding tank within the moles is 750 crowns, and it has never"
        " been let off.",
    ),
    (
        "Dogs and children",
        "Dogs go ashore on a lead. Children under ten wear a life jacket on the pontoon, and one will be "
        "lent at the "
        "window to any child without. Crabbing is allowed from the lower steps and from nowhere else.",
    ),
)
_LEAVING = (
    (
        "Paying",
        "Dues are paid at the toll window before the boat leaves, in coin or by card. Part of a day "
        "counts as a day. "
        "A yacht that stays six nights has the seventh for nothing, if the six have been paid in advance.",
    ),
    (
        "Lock",
        "The lock works from two hours before high water until two hours after. A green lamp on the north"
        " gate means "
        "that it will take yachts. Lines are passed up by the crew and made fast by the lock keeper, not "
        "by friends.",
    ),
    (
        "Bad weather",
        "When a black ball is hoisted at the signal station no yacht may leave, and none will be charged "
        "for the "
        "days on which she is kept in. Masters are asked to double their lines and to look to their "
        "neighbours.",
    ),
    (
        "Appeals",
        "Whoever thinks a due wrongly charged may write to the clerk within twenty-one days. The clerk "
        "answers within "
        "ten. If the answer does not satisfy, the Harbour Court will hear the matter at its next sitting "
        "for a fee of "
        "25 crowns, which is given back to those who win.",
    ),
)


def short_notice() -> bytes:
    """A title page numbered i, then the parts on pages 1, 2, 3."""
    front: list[Any] = [
        layout.gap(18),
        Paragraph(TITLE, layout.TITLE),
        layout.gap(8),
        Paragraph("issued by the Harbour Authority of Ostrevane", layout.UNDER),
        layout.gap(10),
        Paragraph(
            "This notice is for the masters of pleasure craft. It holds from the first of April until another"
            " "
            "is issued, and takes the place of every notice before it.",
            layout.BODY,
        ),
        layout.gap(6),
        layout.contents(),
    ]
    columns = ("Length", "Day", "Week", "Month")
    dues = Table("Dues on visiting yachts, in crowns", columns, (5, 2, 2, 2), _ROWS, (1, 2, 3))
    parts = (
        Chapter("Coming In", (), (Section("Rules on arrival", _numbered(_ARRIVAL, 1)),)),
        Chapter("Lying in Harbour", (), (Section("Rules for the stay", _numbered(_STAY, 5)),)),
        Chapter("Dues", ("Dues include the lamp due and the use of the washhouse.",), (Section("Table", (dues,)),)),
        Chapter("Leaving", (), (Section("Rules on leaving", _numbered(_LEAVING, 10)),)),
    )
    return layout.set_book(TITLE, front, parts, apart=False)


def _numbered(rules: tuple[tuple[str, str], ...], start: int) -> tuple[Entry, ...]:
    return tuple(Entry(i, f"{start + i}. {head}.", body, whole=True) for i, (head, body) in enumerate(rules))


def _asked(body: str, question: str, answer: str, entity: str, kind: str, *aliases: str) -> Asked:
    return Asked("notice", "", 0, "", body, question, answer, entity, kind, aliases)


ASKED = (
    _asked(
        _ARRIVAL[1][1],
        "Which radio channel should a yacht use to announce herself?",
        "channel 12",
        "Cold Point",
        "fact",
        "12",
    ),
    _asked(
        _ARRIVAL[3][1],
        "Beyond what draught does a visiting yacht have to go to Mercy Dock?",
        "2.6 metres",
        "Mercy Dock",
        "fact",
        "2.6 m",
    ),
    _asked(
        _STAY[2][1],
        "Who deals with complaints about noise?",
        "Rosalind Thackeray",
        "berthing master",
        "person",
    ),
    _asked(
        _STAY[3][1],
        "What is the penalty for discharging a holding tank inside the harbour?",
        "750 crowns",
        "holding tank",
        "sum",
        "750",
    ),
    _asked(
        " ".join(_ROWS[2]),
        "What does a yacht of up to 16 metres pay for a week?",
        "158",
        "Up to 16 metres",
        "table",
        "158 crowns",
    ),
    _asked(
        _LEAVING[3][1],
        "How long does a master have to write to the clerk about a wrong charge?",
        "twenty-one days",
        "clerk",
        "fact",
        "21 days",
    ),
)
UNANSWERABLE = ("What does it cost to have a yacht lifted out by the crane?",)
