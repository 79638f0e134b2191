"""The models that the settings offer: those of the catalogue, and what each does now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wholedoc import Settings
from wholedoc.models.catalogue import Role
from wholedoc.models.inventory import ModelHere, models_here
from wholedoc.settings import Answerer

from .wanted import Wanted, reader_name


@dataclass(frozen=True)
class Offer:
    """A model of the catalogue, with the roles that it can have, that it has now, and that it is on its way for."""

    here: ModelHere
    roles: tuple[Role, ...]
    has: frozenset[Role]
    comes_for: frozenset[Role]


@dataclass(frozen=True)
class Offers:
    """All models, the smallest first, and who answers if that is left to the program or to the model that reads."""

    models: tuple[Offer, ...]
    answerer: Answerer | None


def offers(settings: Settings, writer: str | None, running: Wanted | None, home: Path) -> Offers:
    """Return what can be chosen in the library folder `home`.

    `writer` is the name of the model that writes now, `running` what is being fetched.
    """
    doing = {Role.READER: reader_name(settings), Role.WRITER: writer}

    def offer(here: ModelHere) -> Offer:
        name = here.model.name
        return Offer(
            here,
            tuple(role for role in Role if role in here.model.roles),
            frozenset(role for role in Role if doing[role] == name),
            frozenset({running.role} if running is not None and running.name == name else ()),
        )

    left_to = settings.answer_model if isinstance(settings.answer_model, Answerer) else None
    return Offers(tuple(offer(here) for here in models_here(home)), left_to)
