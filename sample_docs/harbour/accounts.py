"""Chapter writers: the opening summary, the accounts, and the index of decisions."""

from __future__ import annotations

from collections.abc import Sequence

from harbour.asked_tables import FEE_ROWS, FLEET_ROWS, INCOME_ROWS, SPENDING_ROWS
from harbour.pages import Chapter, Entry, Section, Table
from harbour.voice import MONTHS, Voice
from harbour.words import POOLS

TITLE = "Register of the Harbour of Ostrevane"
YEAR = "being the record of the one hundred and thirty-first year of the Authority"
PREFACE = (
    "This register is kept under the Harbour Charter and is laid before the Commissioners on the "
    "first Monday "
    "of February. It is a record, not an argument. What the watch wrote is printed as the watch wrote"
    " it, save "
    "that spelling has been mended and oaths have been left out.",
    "Entries are numbered afresh in each chapter. A name in an entry is the name given at the time; "
    "where two "
    "persons bear the same name the entry has been checked against the muster book. Sums are in "
    "crowns. Times "
    "are by the twenty-four hour clock at the Custom House. Depths are below the sill datum unless "
    "said to be "
    "draughts.",
    "Readers who want one matter only are asked to be patient with the rest. The harbour is one "
    "thing, and an "
    "entry among the complaints has more than once explained an entry among the rulings.",
)
TERMS = (
    ("Act", "the taking of a vessel by a pilot from one place to another"),
    ("Berth", "a numbered length of quay, reckoned from the town end"),
    ("Campaign", "a piece of dredging under one account"),
    ("Commissioners", "the nine persons who govern the Authority"),
    ("Crown", "the money of the country, of one hundred pence"),
    ("Datum", "the level of the Old Basin sill"),
    ("Due", "a charge fixed by table, as against a fee, which is for a service"),
    ("Minute", "an entry in the staff roll"),
    ("Note", "an entry by the warden of the foreshore"),
    ("Watch", "the officers on duty at the signal station"),
)
SUMMARY = (
    (
        "The year in short",
        (
            "The year was neither the best nor the worst of the last ten. Goods passing over the quays fell a"
            " "
            "little, vessels rose a little, and the two together left the income of the Authority within a "
            "hair "
            "of the estimate. The winter was mild until the week before Christmas, when a gale did more harm "
            "in "
            "one night than the eleven months before it.",
            "Two matters have taken up most of the Commissioners' time. The first is silt, which comes down "
            "the "
            "Wend faster than it used to, for reasons that the surveyors put down to ploughing. The second is"
            " "
            "the age of the quays. Half of the length of our berths stands on timber that was driven before "
            "the "
            "oldest of us was born, and each inspection finds a little less of it.",
        ),
    ),
    (
        "Traffic",
        (
            "Coasters make up the greater part of the trade as they always have. Barley and slate go out; "
            "salt, "
            "cement and timber come in. The onion boats returned after an absence of three seasons and were "
            "met "
            "by a band. Passenger numbers on the ferries were steady, and the evening boat was full on every "
            "Saturday of the summer.",
            "Fishing was poor until August and very good after it. The herring came late and close in, and "
            "for "
            "nine nights there was not a free ring on Tanners Steps. The ice works could not keep up, and ice"
            " "
            "was brought by road.",
        ),
    ),
    (
        "Works",
        (
            "The works voted for the year were done, with one exception. The new stair at Pilot Point waits "
            "on "
            "stone, and the quarry waits on a road. The lamps of four quays were changed, the lock gates were"
            " "
            "rehung, and a start was made on the long survey of piles, which will take until the end of the "
            "decade at the present pace.",
        ),
    ),
    (
        "People",
        (
            "The Authority is only as good as its people, and the staff chapter is the one that the "
            "Commissioners "
            "read first. Some who retired this year had served longer than the quays they stood on. Some who "
            "joined were born after the radio mast was put up. The Commissioners thank all of them, and the "
            "families who put up with the tides.",
        ),
    ),
)
CAUTIONS = (
    "Cited since on the meaning of the word {fixture}, at the instance of {name}.",
    "To be read with the by-law on {cargo}, which {name} would have amended.",
    "Of use where a {craft} is let for less than {few} weeks.",
    "{name} doubts it, but has followed it at {quay}.",
    "The point about {water} was left open for {name} to argue another day.",
    "Approved by the Commissioners on {date}, {name} dissenting.",
    "Often asked for at the window; {name} keeps {few} copies.",
    "Rests upon the evidence as to the {gear}, now kept by {name}.",
)


def summary() -> Chapter:
    """The harbour master's words, which are the same whatever the seed."""
    sections = tuple(Section(title, paragraphs) for title, paragraphs in SUMMARY)
    return Chapter("Report of the Harbour Master", ("To the Commissioners of the Harbour.",), sections)


def accounts(voice: Voice) -> Chapter:
    rng = voice.rng
    money = (1, 2)
    cargo_rows = []
    for cargo in POOLS["cargo"]:
        quarters = [rng.randrange(120, 9_800) for _ in range(4)]
        cargo_rows.append((cargo.capitalize(), *(f"{q:,}" for q in quarters), f"{sum(quarters):,}"))
    visit_rows = []
    for month in MONTHS:
        counts = [rng.randrange(low, high) for low, high in ((140, 260), (60, 190), (8, 40), (90, 130))]
        visit_rows.append((month, *(str(c) for c in counts), str(sum(counts))))
    heads = ("Head", "Estimate", "Outturn")
    fees = Table("Dues on vessels, in crowns", ("Class", "Day", "Week", "Year"), (6, 2, 2, 2), FEE_ROWS, (1, 2, 3))
    craft = Table(
        "Craft of the Authority",
        ("Name", "Kind", "Built", "Power (kW)", "Crew"),
        (3, 3, 2, 2, 1.4),
        FLEET_ROWS,
        (2, 3, 4),
    )
    goods = Table(
        "Goods landed and shipped, in tonnes",
        ("Goods", "First", "Second", "Third", "Fourth", "Year"),
        (4, 2, 2, 2, 2, 2),
        tuple(cargo_rows),
        (1, 2, 3, 4, 5),
    )
    visits = Table(
        "Vessels entering, by month",
        ("Month", "Fishing", "Coasters", "Tankers", "Ferries", "All"),
        (4, 2, 2, 2, 2, 2),
        tuple(visit_rows),
        (1, 2, 3, 4, 5),
    )
    sections = (
        Section("Dues", ("The table of dues was last altered five years ago. Part days count as days.", fees)),
        Section("Craft", ("The craft below were owned outright at the year's end.", craft)),
        Section(
            "Income",
            (
                "Fines exceeded the estimate, which is no cause for pride.",
                Table("Income, in crowns", heads, (5, 3, 3), INCOME_ROWS, money),
            ),
        ),
        Section(
            "Spending",
            (
                "The excess under repairs is owed to the December gale.",
                Table("Spending, in crowns", heads, (5, 3, 3), SPENDING_ROWS, money),
            ),
        ),
        Section("Goods", ("Weights are by the public weighbridge where there was one to hand.", goods)),
        Section("Vessels", ("A vessel that leaves and comes back on one tide is counted once.", visits)),
    )
    return Chapter("Dues, Craft and Accounts", ("The accounts were examined in January and agreed.",), sections)


def index_of(voice: Voice, rulings: Sequence[Entry], every: int) -> Chapter:
    """Each so-many-th ruling by number and names, with a word upon its use."""
    lines: list[Entry] = []
    for number, ruling in enumerate(rulings):
        if ruling.whole or number % every:
            continue
        lines.append(Entry(number, ruling.head, voice.say(CAUTIONS, name=voice.person())))
    intro = ("Rulings that the clerks have been asked for more than once, with a word upon their use.",)
    return Chapter("Index of Notable Decisions", intro, (Section("By number", tuple(lines)),))
