"""The register put together: which chapters, in what order, and how long."""

from __future__ import annotations

from harbour.accounts import accounts, index_of, summary
from harbour.household import complaints, staff
from harbour.incidents import incidents
from harbour.inspections import inspections
from harbour.offices import contracts, licences
from harbour.pages import Chapter
from harbour.rulings import rulings
from harbour.voice import Voice
from harbour.waters import dredging, pilotage, wildlife

SEED = 131


def chapters() -> tuple[Chapter, ...]:
    """Every chapter in order; the counts set the length at a little over 131,072 tokens."""
    voice = Voice(SEED)
    court, decisions = rulings(voice, 34)
    return (
        summary(),
        incidents(voice, 21),
        inspections(voice, 11),
        court,
        pilotage(voice, 14),
        dredging(voice, 9),
        licences(voice, 22),
        contracts(voice, 25),
        staff(voice, 21),
        complaints(voice, 22),
        wildlife(voice, 16),
        accounts(voice),
        index_of(voice, decisions, 3),
    )
