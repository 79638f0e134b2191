"""The questions of the register, and the entries that they need in it."""

from __future__ import annotations

from collections.abc import Iterable

from harbour.asked import Asked
from harbour.asked_land import LAND
from harbour.asked_sea import SEA
from harbour.asked_tables import DREDGING_ROWS, STAFF_ROWS, TABLED
from harbour.pages import Entry

PLANTED = SEA + LAND
EVERY = PLANTED + TABLED

__all__ = ["DREDGING_ROWS", "EVERY", "PLANTED", "STAFF_ROWS", "grown"]


def grown(asked: Iterable[Asked], chapter: str, section: str) -> list[Entry]:
    """The entries that the questions need in one section, to be sorted in among the others."""
    return [
        Entry(one.at, one.head, one.body, whole=True)
        for one in asked
        if one.chapter == chapter and one.section == section
    ]
