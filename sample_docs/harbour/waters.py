"""Chapter writers: pilotage, dredging, wildlife."""

from __future__ import annotations

from harbour.pages import Chapter, Entry, Section, Table, numbered
from harbour.people import PILOTS
from harbour.places import STATIONS
from harbour.planted import DREDGING_ROWS, PLANTED, grown
from harbour.voice import MONTHS, Voice

QUARTERS = ("First quarter", "Second quarter", "Third quarter", "Fourth quarter")
ACT_OPEN = (
    (
        "{pilot} boarded the {craft} {vessel} off {station} at {time} {weather} and had her alongside "
        "{berth} in {minutes}."
    ),
    (
        "The {vessel}, drawing {depth}, was taken [down|up|through] {water} by {pilot}, with {witness} "
        "[at the wheel|on the lead line|as learner]."
    ),
    (
        "{pilot} refused to move the {craft} {vessel} from {berth} {weather}, and waited {few} hours for "
        "the [slack|daylight|second tug]."
    ),
    "[Outward|Inward] bound with {tons} of {cargo}, the {vessel} met {pilot} at {time} in {water}.",
    "A difficult act: {pilot} brought the {vessel}, her {gear} out of use, to {berth} with {few} tugs.",
    (
        "{master}, master of the {vessel}, [asked for|would have no other than] {pilot}, and sailed for "
        "{company} at {time}."
    ),
)
ACT_MID = (
    ("At {station} the set was {num} degrees across the channel and [stronger than tabled|weaker than tabled]."),
    (
        "The {gear} [hung fire|answered late|gave trouble] at the turn, and {pilot} let go an anchor "
        "under foot until {time}."
    ),
    (
        "{person} noted [an eddy|a shoal patch|a strong back-set] near the {fixture} at {quay}, not on "
        "the chart of {month}."
    ),
    "Speed over the ground was kept to {few} knots because of {craft}s at the {quay} moorings.",
    "The clearance under the keel [fell to|was never above] {depth} by the lead of {person}.",
    ("[Two lights|A pair of lights] were out between {station} and {quay}, as {person} had warned at {time}."),
)
ACT_END = (
    "The fee of {sum_s} was [paid by {company}|put to the account of {company}|remitted in part].",
    (
        "{master} [wrote on {date}|sent word on {date}] to [praise|question] the handling, and {officer} "
        "[replied|was shown the letter]."
    ),
    (
        "{pilot} advises that no vessel of more than {depth} draught should [try this turn|use the berth]"
        " after half ebb."
    ),
    "The act was [logged|shown] at {minutes} longer than the rule, [for reasons given|without reproach].",
    "A tug charge of {sum_s} is [disputed|allowed], the tug {launch} having stood by for {minutes}.",
)


def pilotage(voice: Voice, per_quarter: int) -> Chapter:
    sections: list[Section] = []
    count = 1
    for number, quarter in enumerate(QUARTERS):
        entries = [_act(voice, i / per_quarter, 91 * number) for i in range(per_quarter)]
        entries += grown(PLANTED, "pilotage", quarter)
        blocks = numbered("Act", entries, count)
        count += len(blocks)
        sections.append(Section(quarter, blocks))
    sections.append(Section("Tides and depths", tuple(_tides(voice, station) for station in STATIONS)))
    intro = (
        "An act of pilotage is the taking of one vessel from one place to another. Most need no remark. "
        "Those "
        "given here were marked by the pilots themselves as worth the learning, or were asked about later.",
    )
    return Chapter("Pilotage and Tides", intro, tuple(sections))


def _act(voice: Voice, at: float, first_day: int) -> Entry:
    date = voice.begin(first_day + int(at * 91))
    vessel = voice.vessel()
    facts = {
        "vessel": vessel,
        "pilot": voice.one(PILOTS),
        "witness": voice.person(),
        "master": voice.person(),
        "company": voice.company(),
    }
    moves = voice.rng.choice(((ACT_OPEN, ACT_MID, ACT_END), (ACT_OPEN, ACT_MID, ACT_MID, ACT_END)))
    return Entry(at, f"{vessel}, {date}.", voice.para(*moves, **facts))


def _tides(voice: Voice, station: str) -> Table:
    rng = voice.rng
    rows = tuple(
        (
            month,
            f"{rng.uniform(4.6, 6.1):.2f}",
            str(rng.randrange(1, 29)),
            f"{rng.uniform(0.1, 0.9):.2f}",
            f"{rng.uniform(2.7, 3.3):.2f}",
            str(rng.randrange(2, 31)),
        )
        for month in MONTHS
    )
    columns = ("Month", "Highest (m)", "On day", "Lowest (m)", "Mean (m)", "Hours of fog")
    return Table(f"Tides at {station}", columns, (3, 2, 2, 2, 2, 2), rows, (1, 2, 3, 4, 5))


CUT_OPEN = (
    (
        "The {vessel}, on charter from {company}, [worked|cut|scoured] {water} from {past} until {date} "
        "under {master}."
    ),
    (
        "[Soundings|A survey] by {person} had shown a ridge of {metres} across {water}, standing {depth} "
        "below datum."
    ),
    (
        "The aim was {depth} at the foot of {quay}, where {craft}s had [touched|stirred mud|lain "
        "unevenly] since {month}."
    ),
    "{company} began at {quay} on {date}, {master} directing, and moved {tons} in the first {few} days.",
)
CUT_MID = (
    (
        "The spoil was [mostly grey clay|shelly sand|black mud|gravel with coal] and {tons} of it went to"
        " [the ground off Skerrow|the bund at Timber Pond|the new embankment]."
    ),
    (
        "[Work stopped|A halt was called] for {few} days when the bucket brought up [an anchor|part of a "
        "keel|a stone trough|a cannon ball|a {gear}] near {station}."
    ),
    (
        "{person} took cores every {metres} and [found no metal|found tar|reported lead at {num} parts in"
        " a million]."
    ),
    (
        "The {gear} failed on {date}, and {company} sent another from [Brennick|Hallowfirth|Vesterby] at "
        "a cost of {sum_m}."
    ),
    (
        "[Turbidity|Cloudiness of the water] at {station} rose to {num} units and the cutter was slowed "
        "for {few} tides."
    ),
    "{officer} asked for work by night, to be clear of {quay} before the vessels with {cargo} came.",
)
CUT_END = (
    (
        "The account came to {sum_l}, against an estimate of {sum_l}, the difference being [owed to "
        "weather|owed to rock|put down to a change in the method]."
    ),
    "A second survey on {date} gave {depth} throughout, and {person} signed for it.",
    (
        "{company} was [paid|part paid] {sum_l} on {date}; {sum_m} is held back until the slopes have "
        "[settled|been swept]."
    ),
    "The chart has been altered, and {officer} told the masters of {num} vessels by letter on {date}.",
)
NATURE = (
    (
        "Some {num} pairs of {bird} nested [behind|along|under] the {fixture}s at {quay}, {few} more than"
        " [the year before|were hoped for]."
    ),
    (
        "A {beast} was seen in {water} at {time} by {witness}, who [watched it for {minutes}|rowed off to"
        " leave it in peace|made a drawing]."
    ),
    ("{witness} and {few} volunteers lifted {kilos} of [net|plastic|wire and rope] from the shore below {quay}."),
    ("Water drawn at {station} on {today} held {num} parts of silt in a million, by the reckoning of {witness}."),
    (
        "A dead {beast}, [some|about] {num} inches long, came ashore near {station} and was "
        "[examined by|buried by] {witness}."
    ),
    "The count of {bird} from the {quay} hide, kept by {witness}, [reached|fell to] {num} in {month}.",
    ("Eel grass [has spread|has shrunk] by {metres} along the edge of {water}, as {witness} found by diving."),
    (
        "A {bird} fouled with oil from the {craft} {vessel} was [washed|nursed|kept warm] by {witness} "
        "for {few} days."
    ),
)
NATURE_2 = (
    "{officer} had the {fixture} [fenced|moved|left alone] until {date} on that account.",
    (
        "[The school at Saltgate|The rowing club|The young naturalists] came with {witness} on {date} and"
        " [put up boxes|made a map|learned to count] in {few} groups."
    ),
    (
        "{company} gave {sum_s} toward [ropes and stakes|a warden's hut|a printed guide], and {person} "
        "saw to the spending."
    ),
    (
        "The cause is [thought|known|said] to be {fault}, though {person} [doubts it|would look rather to"
        " {cargo} spilt upstream]."
    ),
    "It is the [first|second|third] such record here since {person} began to keep a diary {num} years ago.",
    (
        "A note was sent to [the museum|the university|the bird society] on {date} and answered by "
        "{person}, who asked for [feathers|a sample|the exact place]."
    ),
    ("[Silt|Noise|Light] from the works at {quay} is being [measured|watched] by {person} every {few} weeks."),
    "{person} found {few} [eggs|young|tracks] there on {date}, {weather}.",
)


def dredging(voice: Voice, per_season: int) -> Chapter:
    sections: list[Section] = []
    count = 1
    for number, season in enumerate(("Spring cut", "Summer cut", "Autumn cut")):
        entries = [_cut(voice, i / per_season, 60 + 100 * number) for i in range(per_season)]
        entries += grown(PLANTED, "dredging", season)
        blocks = numbered("Campaign", entries, count)
        count += len(blocks)
        sections.append(Section(season, blocks))
    columns = ("Ground", "Volume (m3)", "Depth won (m)", "Days", "Cost (crowns)")
    table = Table("Dredging by ground", columns, (5, 3, 3, 2, 3), DREDGING_ROWS, (1, 2, 3, 4))
    sections.append(Section("Volumes and costs", (table,)))
    intro = (
        "Ostrevane silts at the rate of a hand's breadth a year, and at three hands in the Old Basin. The "
        "campaigns below were paid from the dredging vote unless another source is named.",
    )
    return Chapter("Dredging Campaigns", intro, tuple(sections))


def _cut(voice: Voice, at: float, first_day: int) -> Entry:
    voice.begin(first_day + int(at * 90))
    facts = {"vessel": voice.vessel(), "company": voice.company(), "master": voice.person()}
    where = voice.one(STATIONS)
    body = voice.para(CUT_OPEN, CUT_MID, CUT_MID, CUT_END, **facts)
    return Entry(at, f"Near {where}, by {facts['company']}.", body)


def wildlife(voice: Voice, per_season: int) -> Chapter:
    sections: list[Section] = []
    count = 1
    for number, season in enumerate(("Winter", "Spring", "Summer", "Autumn")):
        entries = [_note(voice, i / per_season, 91 * number) for i in range(per_season)]
        entries += grown(PLANTED, "wildlife", season)
        blocks = numbered("Note", entries, count)
        count += len(blocks)
        sections.append(Section(season, blocks))
    intro = (
        "The warden of the foreshore keeps these notes with the help of boatmen, schoolchildren and anyone "
        "else who will look at a thing twice.",
    )
    return Chapter("Wildlife and the Water", intro, tuple(sections))


def _note(voice: Voice, at: float, first_day: int) -> Entry:
    date = voice.begin(first_day + int(at * 91))
    facts = {"witness": voice.person(), "company": voice.company()}
    moves = voice.rng.choice(((NATURE, NATURE_2), (NATURE, NATURE_2, NATURE_2)))
    return Entry(at, f"{date}, {voice.one(STATIONS)}.", voice.para(*moves, **facts))
