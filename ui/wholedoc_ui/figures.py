"""Figures as people read them: counts, sizes, shares and durations as short text."""

from __future__ import annotations

from time import localtime, strftime

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def number(value: float, decimals: int = 0) -> str:
    """1,234 or, with a decimal, 1,234.5."""
    return f"{value:,.{decimals}f}"


def counted(count: int, noun: str) -> str:
    """1 page, 12 pages."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def percent(share: float, decimals: int = 0) -> str:
    """A share of 1 as 25%."""
    return f"{share:.{decimals}%}"


def size(count: int) -> str:
    """A number of bytes as 12 kB, 640 MB or 1.5 GB; never less than 1 kB."""
    if count >= 999.5e6:
        return f"{number(count / 1e9, 1)} GB"
    return f"{number(count / 1e6)} MB" if count >= 1e6 else f"{number(max(count / 1e3, 1))} kB"


def duration(seconds: float) -> str:
    """12 s, 2:40 min, 14 min, 1:05 h."""
    if round(seconds) < 60:
        return f"{max(round(seconds), 1)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 10:
        return f"{minutes}:{rest:02d} min"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60}:{minutes % 60:02d} h"


def when(then: float, now: float) -> str:
    """When something was, in seconds since 1970 as is `now`: 18:55 on the same day, 30 Nov, or 30 Nov 2025.

    It stays the same for a day, so that a list with it need not be drawn anew all the time.
    """
    was, today = localtime(then), localtime(now)
    if (was.tm_year, was.tm_yday) == (today.tm_year, today.tm_yday):
        return strftime("%H:%M", was)
    day = f"{was.tm_mday} {MONTHS[was.tm_mon - 1]}"
    return day if was.tm_year == today.tm_year else f"{day} {was.tm_year}"
