"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Client:
    """An address, and one of those behind it: a user whom a program names, or a tab of the browser app.

    Shares go to addresses first, since one address can name as many users as it likes.
    """

    address: str = ""
    user: str = ""


NOBODY = Client()
