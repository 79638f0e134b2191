"""Chapter writers: inspections, quay by quay."""

from __future__ import annotations

from harbour.pages import Chapter, Entry, Section, numbered
from harbour.people import INSPECTORS
from harbour.places import QUAYS
from harbour.planted import PLANTED, grown
from harbour.voice import Voice

OPEN = (
    (
        "{inspector} [went over|walked|examined] the berth with {companion} {weather} and "
        "[counted|listed|marked] {num} points for attention."
    ),
    (
        "[A visit without notice|An unannounced visit|A night visit] at {time} found {tons} of {cargo} "
        "stacked beyond the painted line."
    ),
    ("[Asked for by|Made at the wish of] {company}, the inspection dwelt on the {fixture} and the {fixture2}."),
    (
        "The {fixture} was [proved|tested|loaded] to {num} tonnes and [held|moved a little|gave at the "
        "second trial]."
    ),
    (
        "{inspector} came back to see whether the work ordered on {past} had been done; [it had|it had "
        "not|it had, in part]."
    ),
    "The depth alongside was taken at {few} points by {companion} and found to be {depth} at the least.",
    (
        "[Both|All] ladders were [climbed|tried] by {inspector}, who [found|reported] {few} rungs unsafe "
        "and one missing."
    ),
    (
        "The berth was [opened|handed back] by {company} after repairs, and {inspector} "
        "[passed|refused|passed with remarks] it at {time}."
    ),
    (
        "{companion}, foreman here for {num} months, showed {inspector} where the {fixture} had "
        "[sunk|cracked|worked loose|been struck]."
    ),
    ("Following the loss of a {gear} from the {craft} {vessel}, the berth was [sounded|dragged|swept] {weather}."),
)
FIND = (
    (
        "[The chief defect was|What gave most concern was] the {fixture}, [eaten through|split|out of "
        "plumb|worn] to a depth of {num} millimetres."
    ),
    "Corrosion of the {fixture} was put at {num} per cent of the section, by the gauge of {companion}.",
    (
        "The {fixture} [had been mended with wire|was hidden under stacked {cargo}|bore the marks of a "
        "recent blow], and {companion} could not say [since when|by whom|how]."
    ),
    "Lighting was measured at {num} lux by the {fixture} and [less|rather more] beside the {fixture2}.",
    "[Of the extinguishers|Among the extinguishers] {few} were out of date, one since {past}.",
    (
        "[Housekeeping was good|The surface was clean], and {company} is [named|thanked] here for keeping"
        " the {fixture} clear of {cargo}."
    ),
    (
        "A sample from the drain beside the {fixture} held {num} milligrams of oil to the litre, "
        "[twice|half|about a third of] what was allowed."
    ),
    ("Some {num} bolts of the {fixture} turned by hand, and the plate below [rang hollow|was dry|wept rust]."),
    (
        "The load notice read {num} tonnes where the drawings allow [less|more]; {companion} [painted it "
        "out|had it changed] before {time}."
    ),
    ("The {craft} {vessel} lay at the berth throughout, so that the {fixture} could only be seen from a boat."),
    (
        "[No fault was found in|Nothing was amiss with] the {fixture}, though the {fixture2} "
        "[leans|rocks|has settled] by {num} millimetres."
    ),
    (
        "Electrical tests on the pedestal gave {num} megohms, [well above|a little under|exactly at] the "
        "figure of {past}."
    ),
)
ORDER = (
    "{company} [was told|undertook|is bound] to put this right by {date}.",
    "[An order|A notice] was served on {company}, with a penalty of {sum_s} for each [week|day] of delay.",
    "The berth was closed to any vessel drawing more than {depth} until {date}.",
    "[Cost was put at|The estimate stands at] {sum_m}, to be met from the vote for the {quay} works.",
    "{inspector} [will return|intends to return|has promised to look again] on or near {date}.",
    (
        "[A second opinion|A drawing] was asked of {company}, who answered on {date} that [the risk is "
        "small|the pile must come out|a steel sleeve will serve]."
    ),
    "{officer} [agreed|was content|wished] that work should wait for the neap tides after {date}.",
    (
        "[The mark given is|The berth is graded] {grade}, [one step up from|one step below|as it was at] "
        "the visit of {past}."
    ),
    "[Work began|A gang started] on {date} under {companion2} and took {few} shifts.",
)
NOTE = (
    (
        "{quayname} has nine numbered berths, of which {few} were in [regular|daily|full] use; {num} "
        "visits were made by {inspector} and others, and {sum_l} was spent upon repairs."
    ),
    (
        "[The year at|Throughout the year] {quayname} was [busy|uneven|slower than the last], {tons} of "
        "{cargo} passing over its edge in {month} alone."
    ),
    (
        "[Much|A good deal] of the money voted for {quayname} went on the {fixture}, where {company} had "
        "men at work from {month} onward."
    ),
)


def inspections(voice: Voice, per_quay: int) -> Chapter:
    """One section for each quay."""
    sections: list[Section] = []
    count = 1
    for quay in QUAYS:
        entries = [_inspection(voice, quay, i / per_quay) for i in range(per_quay)]
        entries += grown(PLANTED, "inspections", quay)
        blocks = numbered("Inspection", entries, count)
        count += len(blocks)
        sections.append(Section(quay, (voice.say(NOTE, quayname=quay), *blocks)))
    intro = (
        "Each quay is taken in turn, from the town side outward. Grades run from A, fit for every use, to"
        " E, "
        "closed. An inspector signs for what was seen and not for what was said, and where the two differ"
        " the "
        "register keeps to the former.",
    )
    return Chapter("Inspections by Quay", intro, tuple(sections))


def _inspection(voice: Voice, quay: str, at: float) -> Entry:
    date = voice.begin(int(at * 365) + voice.rng.randrange(25))
    facts = {
        "companion": voice.person(),
        "companion2": voice.person(),
        "company": voice.company(),
        "grade": voice.one(("A", "B", "C", "D")),
        "inspector": voice.one(INSPECTORS),
        "quay": quay,
    }
    moves = voice.rng.choice(((OPEN, FIND, ORDER), (OPEN, FIND, FIND, ORDER), (FIND, OPEN, ORDER, ORDER)))
    return Entry(at, f"Berth {voice.rng.randrange(1, 10)}, {date}.", voice.para(*moves, **facts))
