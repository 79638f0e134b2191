"""Where and when a page was fetched from the web."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WebSource:
    """The address that was asked for, the one that answered in the end, and the day (2026-05-17, UTC)."""

    asked: str
    address: str
    day: str

    @property
    def note(self) -> str:
        """What the document says of it."""
        led = f", which led to {self.address}" if self.address != self.asked else ""
        return f"Fetched from {self.asked}{led} on {self.day}."
