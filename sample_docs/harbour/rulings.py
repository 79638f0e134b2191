"""Chapter writers: the Harbour Court."""

from __future__ import annotations

from harbour.pages import Chapter, Entry, Section, numbered
from harbour.people import JUDGES
from harbour.places import QUAYS
from harbour.planted import PLANTED, grown
from harbour.voice import Voice

TERMS = ("Winter sitting", "Spring sitting", "Summer sitting", "Autumn sitting")
CASE = (
    ("{plaintiff} asked for {sum_m} from {defendant} for the spoiling of {cargo} [landed|left|stored] at {berth}."),
    (
        "The quarrel was over salvage: {plaintiff} had towed the {craft} {vessel} from {water} {weather} "
        "and wanted {sum_l}."
    ),
    "{plaintiff}, a {trade}, sought the return of a licence withheld since {past}.",
    (
        "Who should pay for the {fixture} at {berth}, broken by the {vessel} {weather}, was [the only "
        "question|what the court had to settle]."
    ),
    (
        "{plaintiff} claimed wages of {sum_m} for {few} voyages in the {craft} {vessel}, [unpaid|half "
        "paid] since {past}."
    ),
    "The court was asked by {plaintiff} to set aside a due of {sum_m} levied on the {vessel} at {quay}.",
    (
        "Two neighbours at {berth}, {plaintiff} and {defendant}, could not agree on [the turn of the "
        "crane|a shared stair|the right to the ring bolts]."
    ),
    (
        "{plaintiff} held that {defendant} had let the {vessel} [dry out on|lie across|swing over] a "
        "mooring that was not theirs."
    ),
)
CHARGE = (
    (
        "[The authority|The harbour constable] charged {defendant} with [discharging oil|entering against"
        " signals|mooring without leave|working nets in the fairway] at {quay} on {past}."
    ),
    (
        "{defendant} was said to have [sold short weight of {cargo}|moved a mooring at night|run a "
        "{craft} without lights|cut a neighbour's warp] at {quay} and denied it."
    ),
    (
        "The summons said that {defendant}, [knowing it to be forbidden|having been told twice], had "
        "[burned rubbish|left {cargo} unlit|blocked the steps|carried {num} passengers too many] at "
        "{berth} on {past}."
    ),
    (
        "[Information was laid|Word was brought] by {witness} that {defendant} had [helped himself "
        "to|hidden|passed off as {cargo}] {kilos} of {cargo} at {quay}."
    ),
    (
        "{defendant}, as owner of the {vessel}, answered for [speed|smoke|an unlit anchor|a false entry "
        "of {tons}] in {water} on {past}."
    ),
)
ARGUE = (
    (
        "For the one side it was said that {fault} explained everything; for the other, that no "
        "[prudent|careful|honest] {trade} would have [sailed|waited|signed]."
    ),
    ("{judge} heard {few} witnesses, of whom {witness} was [the most exact|hardly to be believed|much the best]."),
    ("[The log was produced|A tally book was produced], and {witness} swore to the entry for {time} on {past}."),
    (
        "Counsel, {counsel}, relied on [an old custom|a by-law|the wording of the charter] touching "
        "{cargo} and on the evidence of {witness}."
    ),
    (
        "{judge} went to {quay} {weather} to see the place and [paced out|measured] {metres} between the "
        "{fixture} and the ladder."
    ),
    ("A survey by {company} put the loss at {sum_m}, which counsel, {counsel}, called [fanciful|modest|a guess]."),
    "{defendant} did not [appear|answer the summons], and {witness} spoke in that place.",
    ("It [came out|was admitted] that {sum_s} had already changed hands on {past} in the presence of {witness}."),
    (
        "[There was little dispute|The parties agreed] on the facts; the point taken by counsel, "
        "{counsel}, was whether {water} lies within the limits."
    ),
)
FINE = (
    "A fine of {sum_m} was imposed on {defendant}, [payable by|to be paid before] {date}.",
    (
        "{judge} [found the charge proved|convicted] and fixed the penalty at {sum_m}, with {sum_s} for "
        "the [constable|survey|witnesses]."
    ),
    "{judge} ordered that {defendant} keep away from {quay} for {few} months and pay {sum_s} to {witness}.",
    (
        "The charge was [dismissed|withdrawn after {few} hours], {judge} remarking that {fault} might "
        "befall any {trade}."
    ),
    (
        "{defendant} was [bound over|let off with a caution] on a promise given before {judge} and a "
        "deposit of {sum_m}."
    ),
    (
        "[Half|A third] of the penalty of {sum_m} was remitted by {judge}, {defendant} having [owned to "
        "it|mended the {fixture}|lost a season by it]."
    ),
)
HOLD = (
    "{judge} [found|held] for {plaintiff} and awarded {sum_m}, with {sum_s} for costs.",
    (
        "[The claim failed|The claim was dismissed], {judge} observing that {fault} is a thing any "
        "{trade} must look for."
    ),
    "Blame was [divided|shared] in the proportion of {few} to nine, so that {sum_m} falls to {defendant}.",
    (
        "The licence was [restored|suspended for {few} months|made subject to a yearly test], and no "
        "order was made as to the {sum_s} spent."
    ),
    "{plaintiff} recovers {sum_m}, being [half|two thirds|four fifths] of what was asked.",
    "[Judgment was reserved|The court took time], and on {date} {judge} gave {sum_m} to {plaintiff}.",
    (
        "The parties [came to terms at the door|settled on the second day]: {defendant} pays {sum_m} and "
        "withdraws what was said of {witness}."
    ),
)
AFTER = (
    "[Leave to appeal was refused|An appeal was lodged|No appeal was lodged] before {date}.",
    (
        "{judge} added that the berth list for {quay} [is badly drawn|should name the hour|ought to be "
        "posted at the gate]."
    ),
    "The sum was [paid into court|paid in coin|guaranteed by {company}] on {date}.",
    "The ruling [follows|departs from|narrows] that given over the {craft} {vessel2} some {num} years ago.",
    "{officer} was [asked|directed] to report to the next sitting upon the {fixture} at {quay}.",
    "[It will be noted|Practitioners will note] that a {trade} was here treated as a servant of {company}.",
    "{counsel}, who spoke last, was [thanked|rebuked|thanked, though rebuked for length] by {judge}.",
)
ORDERS = ((0, 1, 2, 3), (0, 1, 1, 2), (0, 2, 1, 3), (0, 1, 1, 2, 3))
SITTING = (
    (
        "The court sat on {num} days, {judge} presiding at most of them, in the upper room of the Custom "
        "House; fines and costs came to {sum_l}."
    ),
    (
        "[In this sitting|Over this sitting] {num} summonses were taken out and [all but {few}|rather "
        "more than half] were settled before {judge} could hear them; costs of {sum_m} were remitted."
    ),
)


def rulings(voice: Voice, per_term: int) -> tuple[Chapter, tuple[Entry, ...]]:
    """The chapter and, for the index of decisions, its entries with their numbers."""
    sections: list[Section] = []
    every: list[Entry] = []
    for number, term in enumerate(TERMS):
        entries = [_ruling(voice, i / per_term, 91 * number) for i in range(per_term)]
        entries += grown(PLANTED, "rulings", term)
        blocks = numbered("Ruling", entries, len(every) + 1)
        every += blocks
        sections.append(Section(term, (voice.say(SITTING), *blocks)))
    intro = (
        "The Harbour Court has three judges and hears what arises within the limits of the port. Rulings "
        "are "
        "given here in short form. The full text of each, with the pleadings, may be read at the Custom "
        "House "
        "on any weekday between ten and four.",
    )
    return Chapter("Rulings of the Harbour Court", intro, tuple(sections)), tuple(every)


def _ruling(voice: Voice, at: float, first_day: int) -> Entry:
    voice.begin(first_day + int(at * 90))
    quay = voice.one(QUAYS)
    plaintiff, defendant = voice.person(), voice.rng.choice((voice.person, voice.company))()
    facts = {
        "quay": quay,
        "berth": f"{quay} berth {voice.rng.randrange(1, 10)}",
        "plaintiff": plaintiff,
        "defendant": defendant,
        "witness": voice.person(),
        "counsel": voice.person(),
        "judge": voice.one(JUDGES),
        "vessel": voice.vessel(),
        "vessel2": voice.vessel(),
        "company": voice.company(),
    }
    charged = voice.rng.random() < 0.35
    moves = (CHARGE, ARGUE, FINE, AFTER) if charged else (CASE, ARGUE, HOLD, AFTER)
    body = voice.para(*(moves[i] for i in voice.rng.choice(ORDERS)), **facts)
    return Entry(at, f"{'The authority' if charged else plaintiff} and {defendant}.", body)
