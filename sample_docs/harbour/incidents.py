"""Chapter writers: incidents, month by month."""

from __future__ import annotations

from harbour.pages import Chapter, Entry, Section, numbered
from harbour.places import QUAYS
from harbour.planted import PLANTED, grown
from harbour.voice import DAYS, MONTHS, Voice

OPEN = (
    "The {craft} {vessel}, {tons} of {cargo} aboard, touched the {fixture} at {berth} {weather}.",
    (
        "At {time} the {craft} {vessel} [reported|signalled|called in] {fault} [while shifting|while "
        "turning|as she came off] at {berth}."
    ),
    (
        "{master}, master of the {craft} {vessel}, [told the watch|informed the signal station] at {time}"
        " that his crew had found {fault} off {quay}."
    ),
    (
        "[Shortly before|Not long after|At about] {time}, {weather}, the {vessel} and the {other} met "
        "[bow to quarter|side to side|stern first] in {water}."
    ),
    (
        "A hand of the {vessel}, {victim}, aged {age}, [fell|slipped|was pulled] from the "
        "[deck|gangway|rail] into the water at {berth}."
    ),
    "Smoke was seen from the {vessel} at {time}, when she lay at {berth} discharging {cargo}.",
    "The {vessel}, a {craft} belonging to {company}, dragged her anchor in {water} {weather}.",
    "{litres} of gas oil ran from the {craft} {vessel} at {berth} through {fault}.",
    ("{weather}, the {craft} {vessel} took the ground in {water} at {time} with {tons} of {cargo} in her hold."),
    "A sling parted at {berth} while {cargo} was being landed from the {vessel} for {company}.",
    (
        "The mooring lines of the {vessel} gave way at {time} and she [lay across|swung into|came down "
        "upon] the {craft} {other}."
    ),
    "{victim}, a {trade} of this port, was struck by a {gear} aboard the {vessel} at {time}.",
    "A boat from the {craft} {vessel}, carrying {few} of her people ashore to {quay}, capsized {weather}.",
    (
        "Thieves came aboard the {vessel} at {berth} between midnight and {time} and [took|carried "
        "off|made away with] {kilos} of {cargo}."
    ),
    ("The {craft} {vessel} entered {water} against the signal at {time}, {weather}, with {master} in command."),
    (
        "A lorry of {company} ran over the edge of {berth} at {time} and came to rest upon the foredeck "
        "of the {vessel}."
    ),
    (
        "Off {quay} the {craft} {vessel} fouled her screw on [a lost net|a length of hawser|an abandoned "
        "creel line] and drifted for {minutes}."
    ),
    "{kilos} of {cargo} [went over the side|slid into the basin] when the {vessel} listed at {berth}.",
    ("The {vessel}'s {gear} failed at {time}, and the {craft} [swept|slid|was carried] past {berth} {weather}."),
    (
        "Two crews, those of the {vessel} and of the {other}, quarrelled over the turn at {berth} and "
        "came to blows at {time}."
    ),
)
TURN = (
    (
        "[It was found that|Inquiry showed that|The log makes clear that] {fault} was to blame, and not "
        "[the tide|the pilot|the shore gang] as first supposed."
    ),
    "[The damage came to|There resulted|What remained was] {harm}, put by the surveyor at {sum_m}.",
    (
        "[The first to see it|The one who gave the alarm] was {person}, a {trade}, who had been [mending "
        "nets|waiting for the ferry|coiling down] at {quay}."
    ),
    (
        "Her master, {master}, had been [nineteen hours|sixteen hours|a whole night|two tides] without "
        "rest, by the account of the mate, {person}."
    ),
    "{person}, on watch at {station}, noted the hour as {time} and the visibility as under {metres}.",
    (
        "The vessel had left [Brennick|Port Aldaine|Hallowfirth|Cape Sorrel|Vesterby] on {past} and was "
        "due to load {cargo} for {company}."
    ),
    (
        "[The crew of|Those aboard] the {craft} {ship}, lying close by, [threw a line|sent their boat|put"
        " out fenders] and by {time} the worst was over."
    ),
    (
        "[Loss was limited to|The harm amounted to|The surveyor recorded] {harm}; [nobody was hurt|one "
        "hand was bruised|the cargo was otherwise sound]."
    ),
    "Her {gear} had been [repaired|noted as doubtful|passed as sound] at {quay} on {past} by {firm}.",
    (
        "The tide gauge at {station} stood at {depth}, [rather less|somewhat more|a good deal less] than "
        "the almanac foretold."
    ),
    (
        "A passenger, {person}, [gave a clear account|made a sketch|took a photograph] which {officer} "
        "has kept with the papers."
    ),
    "Some {num} {trade}s and onlookers gathered, and the {quay} gate had to be shut at {time}.",
)
ACT = (
    "On the order of {officer}, {response}.",
    "[Within the half hour|Without delay|At once], {response}.",
    "[Meanwhile|In the meantime|At the same time] {response}, and {response}.",
    (
        "Credit is due to {helper}, who [went in with a rope|kept the pump going|stayed at the "
        "wheel|carried the message on foot] while {response}."
    ),
    "[The watch was slow to answer|The radio call went unheard] at first, but by {time} {response}.",
    "It fell to {helper} to [direct|arrange|see to] matters, and {response}.",
    "{response}; [later|afterwards|in due course] {response}.",
    "[No help could be given from the sea|The launch could not get near] {weather}, so {response}.",
)
END = (
    (
        "[A charge of|A bill for|An account of] {sum_m} was sent to {company} on {date}, and [has been "
        "paid|is still open|was met in part]."
    ),
    (
        "The owners, {company}, [accepted the blame|disputed the finding|asked for time], and the file "
        "was closed on {date}."
    ),
    "The master, {master}, was [warned|reprimanded|spoken to] by {officer} and paid {sum_s} in costs.",
    (
        "[No claim followed|The matter was let rest], though {officer} has asked that the {fixture} at "
        "{quay} be looked at."
    ),
    "The vessel sailed on {date} after {few} days in the hands of {firm}.",
    (
        "[The papers went|The case was passed] to {inspector}, who reported on {date} that [nothing more "
        "was needed|the berth list should be altered|a second lamp was wanted]."
    ),
    (
        "A notice to mariners was put out on {date}, naming {water} and asking for [a wider berth|slower "
        "speed|an extra lookout]."
    ),
    (
        "{person}, who had been nearest, was kept in the infirmary for {few} nights and is [back at "
        "work|mending well|not yet fit for the sea]."
    ),
    (
        "Repairs by {firm} took {few} weeks and cost {sum_m}, [borne by the owners|shared equally|charged"
        " to the reserve]."
    ),
    "{helper} was thanked for the help given, in writing by {officer} on {date}.",
    (
        "The insurers settled on {date} for {sum_m} [without argument|after some argument|against the "
        "surveyor's advice]."
    ),
)
ORDERS = ((OPEN, TURN, ACT, END), (OPEN, ACT, TURN, END), (OPEN, TURN, END), (OPEN, TURN, TURN, ACT, END))
MONTH_NOTE = (
    (
        "The month [began|opened] with the wind at {knots} over {water} and closed [quietly|in fog|with a"
        " run of calm days]; the watch logged {num} calls for help."
    ),
    (
        "{officer} [describes|remembers] it as a month of {craft}s and {cargo}, with {num} arrivals on "
        "the busiest day and none at all on {few} others."
    ),
    (
        "[Traffic was light|Traffic was heavy|The berths were full] until the middle of the month, when a"
        " cargo of {cargo} brought the {craft}s in together."
    ),
)


def incidents(voice: Voice, per_month: int) -> Chapter:
    """Twelve sections, each sorted by day."""
    sections: list[Section] = []
    count = 1
    for number, month in enumerate(MONTHS):
        entries = [_incident(voice, number) for _ in range(per_month + voice.rng.randrange(-3, 4))]
        entries += grown(PLANTED, "incidents", month)
        blocks = numbered("Incident", entries, count)
        count += len(blocks)
        sections.append(Section(month, (voice.say(MONTH_NOTE), *blocks)))
    intro = (
        "This chapter gives every incident entered by the watch from the first of January to the last of "
        "December, in the order of the days. An incident is anything that hurt or might have hurt a "
        "person, a "
        "vessel, the works, or the water. Small matters settled on the quay by word of mouth are left out.",
    )
    return Chapter("Incidents of the Year", intro, tuple(sections))


def _incident(voice: Voice, month: int) -> Entry:
    day = voice.rng.randrange(1, DAYS[month] + 1)
    date = voice.begin(sum(DAYS[:month]) + day - 1)
    vessel, quay = voice.vessel(), voice.one(QUAYS)
    facts = {
        "quay": quay,
        "berth": f"{quay} berth {voice.rng.randrange(1, 10)}",
        "vessel": vessel,
        "other": voice.vessel(),
        "master": voice.person(),
        "victim": voice.person(),
        "helper": voice.person(),
        "company": voice.company(),
    }
    body = voice.para(*voice.rng.choice(ORDERS), **facts)
    head = f"{date}, {voice.one(('the', 'concerning the', 'matter of the'))} {vessel}."
    return Entry(day + voice.rng.random(), head, body)
