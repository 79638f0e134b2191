"""Chapter writers: staff, and complaints with their replies."""

from __future__ import annotations

from harbour.pages import Chapter, Entry, Section, Table, numbered
from harbour.planted import PLANTED, STAFF_ROWS, grown
from harbour.voice import Voice

STAFF_IN = (
    (
        "Joined on {today} as {post} in the {dept}, from [the service of {company}|the {craft} "
        "{vessel}|the school at Saltgate|the port of Brennick]."
    ),
    "Raised to {post} in the {dept} on {today}, in the room of {old}.",
    "Moved from the {dept} to {quay} on {today} to serve as {post} under {old}.",
    (
        "Passed the examination for {post} on {today} with {num} marks, [the best of the year|second only"
        " to {old}|at the third attempt]."
    ),
    (
        "Bound apprentice in the {dept} on {today}, aged [fifteen|sixteen|seventeen|eighteen], with {old}"
        " as {post} and teacher."
    ),
)
STAFF_IN_2 = (
    (
        "[Pay|The salary] was set at {sum_m} a quarter, with [lodging|boots and oilskins|a boat allowance"
        " of {sum_s}]."
    ),
    (
        "The examiners, {person} among them, asked about [the lights of {water}|the stowage of "
        "{cargo}|the care of a {gear}]."
    ),
    "Holds certificates in [diving|first aid|crane work|signals] taken at Hallowfirth on {past}.",
    "[Lives|Lodges] near {quay} and is also known as a {trade}'s child and keeper of {num} pigeons.",
    "{person} of the {dept} stood as [surety|referee] and wrote of {num} months' good work with {firm}.",
    "[A trial|A period] of {few} weeks was asked for and [passed|shortened by {officer}] before {date}.",
    "First duties were at {quay}, [minding|greasing|painting] the {fixture} with {person}.",
)
STAFF_OUT = (
    "Retired on {today} as {post} after {service} years, most of them at {quay}.",
    "Died in service on {today}, aged {age}, being then {post} in the {dept}.",
    (
        "Left the {dept} on {today}, after {service} years as {post}, to [join {company}|keep an inn|go "
        "home to Vesterby]."
    ),
    (
        "Gave up the post of {post} on {today} on the advice of the doctor, {service} years to the day "
        "from joining the {dept}."
    ),
)
STAFF_OUT_2 = (
    (
        "Will be remembered [chiefly|above all] for [the night of the {vessel}|a quarrel over {cargo}|the"
        " reform of the berth list], and for {num} apprentices brought on."
    ),
    "{old} spoke at the [gathering|small ceremony] held at {quay} at {time} on {date}.",
    (
        "A [clock|barometer|brass lamp|model of the {vessel}] bought for {sum_s} now stands in the "
        "{dept}, [with|by the wish of] {old}."
    ),
    ("The place was [filled|advertised|left empty] from {date}, {person} [having been chosen|acting meanwhile]."),
    (
        "[A pension|An allowance] of {sum_m} a year was voted on {date} to [the family|the household], "
        "{old} moving it."
    ),
    (
        "Began as [a lamp boy|a junior clerk|a stoker] under {old}, in the days when {quay} still [burned"
        " coal|had rails|took {cargo} by the basket]."
    ),
)
STAFF_WELL = (
    (
        "Commended on {today} for [steadiness|presence of mind|plain speaking] when the {vessel} lay in "
        "trouble {weather}."
    ),
    (
        "Given leave from {today} to [study navigation|nurse a parent|sail in the {craft} {vessel}]; "
        "{old} acts as {post} meanwhile."
    ),
    ("Reproved on {today} for [a late log|a lost key|a boat left adrift], and forgiven on {date} by {officer}."),
    "Lent to the port of [Brennick|Hallowfirth] from {today} for {few} weeks as {post}, at {sum_m}.",
)
STAFF_WELL_2 = (
    "It was {old} who [reported|spoke up for] the matter, in a note timed {time}.",
    "A gratuity of {sum_s} was [paid|offered and declined|given to the widows' fund] on {date}.",
    "{officer} [read the minute aloud|set the minute on the board] at {quay} on {date}.",
    ("The {dept} [kept the place open|was short of a {post}] for {few} weeks, and {person} did double watches."),
    "{person} and {old} have each asked [for the same|to be next], and {officer} will answer by {date}.",
)
COM = (
    "{who}, of {num} {street}, wrote on {today} about {nuisance}.",
    ("On {today} {who} [came to the toll window|called in person|telephoned at {time}] to protest at {nuisance}."),
    "Some {num} names were put to a paper got up by {who} against {nuisance}.",
    "{company}, by its agent {who}, [objected to|asked for relief from] {nuisance} in a letter of {today}.",
    "{who}, a {trade}, [has long suffered|could bear no longer] {nuisance}, and said so on {today}.",
)
COM_2 = (
    "The [letter|writer] [says|claims] that {kilos} of {cargo} was spoiled, and asks {sum_s}.",
    "{person}, from the next door, [bears this out|says the contrary|heard nothing after {time}].",
    (
        "[The letter runs to {few} sheets|A drawing was enclosed] and names {officer}, who was asked for "
        "an account by {date}."
    ),
    "A visit at {time} {weather} [confirmed|did not confirm] it, {person} being present.",
    (
        "It was the {ordinal} such letter from {street} since {past}, and {person} [signed most of "
        "them|keeps the copies]."
    ),
)
COM_3 = (
    (
        "[Reply|Answer] of {date}: the practice will [stop|stop in part|go on until the {cargo} season is"
        " over], and {officer} is sorry for it."
    ),
    "[The authority answered|We replied] on {date} that {sum_s} would be paid without admission.",
    "{officer} called on {who} on {date}, and they parted [friends|no nearer|with an understanding].",
    "The charge was [struck out|halved|upheld] on {date}, leaving {sum_s}.",
    (
        "[Nothing could be done|Little could be done], the ground belonging to {company}; {who} was told "
        "so on {date}."
    ),
    (
        "New bins, lamps, or lines to the value of {sum_s} were put in by {person} on {date}, and {who} "
        "wrote again with thanks."
    ),
    "{who} was not content and [took the matter to|has written to] {judge} on {date}.",
)
STREETS = ("Saltgate Lane", "Net Row", "Custom House Hill", "Capstan Street", "Herring Steps", "Tar Alley")
POSTS = (
    "clerk of dues",
    "boatman",
    "crane driver",
    "signaller",
    "diver",
    "fitter",
    "storekeeper",
    "lock keeper",
)
DEPTS = ("Marine Department", "Works Department", "Dues Office", "Signal Station", "Stores", "Survey Office")
ORDINALS = ("second", "third", "fourth", "fifth", "sixth", "ninth")


def staff(voice: Voice, per_group: int) -> Chapter:
    def entry(at: float, number: int) -> Entry:
        voice.begin(91 * number + int(at * 91))
        facts = voice.cast("who", "old") | {"post": voice.one(POSTS), "dept": voice.one(DEPTS)}
        facts["service"] = str(voice.rng.randrange(11, 47))
        facts["age"] = str(voice.rng.randrange(41, 69))
        first, then = voice.rng.choice(
            (
                (STAFF_IN, STAFF_IN_2),
                (STAFF_IN, STAFF_IN_2),
                (STAFF_OUT, STAFF_OUT_2),
                (STAFF_WELL, STAFF_WELL_2),
            )
        )
        moves = voice.rng.choice(((first, then), (first, then, then)))
        return Entry(at, f"{facts['who']}.", voice.para(*moves, **facts))

    sections: list[Section] = []
    count = 1
    for number, group in enumerate(("Lady Day roll", "Midsummer roll", "Michaelmas roll", "Christmas roll")):
        entries = [entry(i / per_group, number) for i in range(per_group)] + grown(PLANTED, "staff", group)
        blocks = numbered("Minute", entries, count)
        count += len(blocks)
        sections.append(Section(group, blocks))
    columns = ("Department", "On 1 January", "Joined", "Left", "On 31 December")
    table = Table("Numbers employed", columns, (5, 3, 2, 2, 3), STAFF_ROWS, (1, 2, 3, 4))
    sections.append(Section("Numbers employed", (table,)))
    intro = ("Every change among the people of the authority is minuted under the quarter in which it was read.",)
    return Chapter("Staff", intro, tuple(sections))


def complaints(voice: Voice, per_group: int) -> Chapter:
    def entry(at: float) -> Entry:
        voice.begin(int(at * 365))
        facts = voice.cast("who")
        facts |= {"street": voice.one(STREETS), "ordinal": voice.one(ORDINALS)}
        moves = voice.rng.choice(((COM, COM_2, COM_3), (COM, COM_3), (COM, COM_2, COM_2, COM_3)))
        return Entry(at, f"{facts['who']}.", voice.para(*moves, **facts))

    sections: list[Section] = []
    count = 1
    for group in ("From residents", "From traders", "From masters and owners"):
        entries = [entry(i / per_group) for i in range(per_group)] + grown(PLANTED, "complaints", group)
        blocks = numbered("Complaint", entries, count)
        count += len(blocks)
        sections.append(Section(group, blocks))
    intro = ("Each complaint is given with its reply. Those withdrawn within a week are not printed.",)
    return Chapter("Complaints and Replies", intro, tuple(sections))
