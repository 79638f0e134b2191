"""Chapter writers: licences and contracts."""

from __future__ import annotations

from harbour.pages import Chapter, Entry, Section, Table, numbered
from harbour.planted import PLANTED, grown
from harbour.voice import Voice

LIC = (
    (
        "{holder} of {quay} [was granted|has received|now holds] leave to work as {trade} until {date} of"
        " the year after next, for a fee of {sum_s}."
    ),
    (
        "The licence of {holder}, {trade}, was [renewed|extended|renewed with a caution] on {today} on "
        "payment of {sum_s}."
    ),
    "[Refused|Declined]: {holder} wished to trade as {trade} at {berth}, where {few} others already do.",
    (
        "{holder} gave up the trade of {trade} on {today} after "
        "[eleven|nineteen|twenty-six|thirty-one|forty] years and [passed the pitch to|was "
        "followed by] {heir}."
    ),
    ("On the report of {inspector}, the licence of {holder} ({trade}) was [suspended|endorsed] from {today}."),
    "{company} may keep a store of {cargo} not above {tons} at {berth}; {holder} is answerable for it.",
)
LIC_2 = (
    "[Surety|Security] of {sum_m} was lodged by {heir}, a {trade} of {quay}.",
    (
        "It was made a condition that the {craft} {vessel} carry [a second lamp|a spare {gear}|two "
        "lifebuoys] and be seen by {inspector} before {date}."
    ),
    (
        "{heir} objected [in writing|at the hearing], fearing for the custom of {num} households, and was"
        " answered on {date}."
    ),
    "The test was taken {weather}, {officer} examining, and {num} marks of a hundred were given.",
    (
        "[Working hours|Hours] are from [five|six|seven] in the morning to [dusk|eight at night|the "
        "evening gun], and {quay} is to be left swept."
    ),
    "A badge was handed over by {officer} on {date}, the old one having gone overboard in {water}.",
    "[An earlier matter|An old conviction], touching {kilos} of {cargo}, [was weighed|was set aside].",
)
CON = (
    (
        "{few} tenders came in for {work}, and that of {company} at {sum_l} was [taken|preferred|accepted"
        " on {today}]."
    ),
    "[For|The contract for] {work} went to {company} for {sum_l}, to be done by {date}.",
    (
        "{company} will [carry out|see to|undertake] {work} at a price of {sum_l}, {few} per cent below "
        "the estimate of {officer}."
    ),
    ("[No tender|Only one tender] of use was had for {work}; {company} was approached and agreed on {sum_l}."),
    "An agreement of {today} with {company} covers {work}, the sum being {sum_l} payable in {few} parts.",
)
CON_2 = (
    "{other} offered {sum_l} and [complained of the choice|was thanked|asked to see the marks].",
    ("The work is overseen by {clerk}, who [reports each month|keeps the day book|has refused {few} deliveries]."),
    (
        "[Delay|Lateness] is charged at {sum_s} a day, and by {date} {num} days had been "
        "[counted|forgiven|argued over]."
    ),
    "{signer} signed for the company and {clerk} for the authority at {time} on {date}.",
    "A bond of {sum_m} is held [in the strong room|by the bank at Saltgate] until {date}.",
    "[The first part|The opening stage] was measured by {clerk} on {date} and {sum_m} was paid.",
    "[Extra work|A variation] at {quay}, wanted because of {fault}, added {sum_m}.",
    "{signer} had asked for {num} weeks; {officer} gave {few} fewer.",
    (
        "Materials were [rejected|passed] by {clerk} after {tons} of {cargo} was found [mixed with "
        "sand|in the store|sound and dry]."
    ),
)


def licences(voice: Voice, per_group: int) -> Chapter:
    def entry(at: float) -> Entry:
        voice.begin(int(at * 365))
        facts = voice.cast("holder", "heir")
        moves = voice.rng.choice(((LIC, LIC_2), (LIC, LIC_2, LIC_2)))
        return Entry(at, f"{facts['holder']}.", voice.para(*moves, **facts))

    sections: list[Section] = []
    count = 1
    for group in ("Trades afloat", "Trades ashore", "Stores and pitches"):
        entries = [entry(i / per_group) for i in range(per_group)] + grown(PLANTED, "licences", group)
        blocks = numbered("Licence", entries, count)
        count += len(blocks)
        sections.append(Section(group, blocks))
    rows = tuple(
        (f"Y {n + 1}", voice.vessel(), voice.person(), voice.berth(), voice.say(("{sum_s}",)).split()[0])
        for n in range(64)
    )
    columns = ("No.", "Boat", "Holder", "Mooring", "Fee")
    table = Table("Permits for small boats", columns, (1.3, 3.7, 4.2, 4.9, 1.3), rows, (4,))
    sections.append(Section("Small boats", (table,)))
    intro = ("A licence is personal and dies with the holder. Fees are for the full term and are not returned.",)
    return Chapter("Licences and Permits", intro, tuple(sections))


def contracts(voice: Voice, per_half: int) -> Chapter:
    def entry(at: float, number: int) -> Entry:
        voice.begin(182 * number + int(at * 182))
        facts = voice.cast("clerk", "signer") | {"other": voice.company()}
        moves = voice.rng.choice(((CON, CON_2, CON_2), (CON, CON_2, CON_2, CON_2)))
        return Entry(at, f"{facts['company']}.", voice.para(*moves, **facts))

    sections: list[Section] = []
    count = 1
    for number, half in enumerate(("Awarded before midsummer", "Awarded after midsummer")):
        entries = [entry(i / per_half, number) for i in range(per_half)] + grown(PLANTED, "contracts", half)
        blocks = numbered("Contract", entries, count)
        count += len(blocks)
        sections.append(Section(half, blocks))
    intro = ("Contracts above ten thousand crowns are laid before the Commissioners and printed here.",)
    return Chapter("Contracts Awarded", intro, tuple(sections))
