"""Models that somebody wants and that are not here yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wholedoc import Settings
from wholedoc.models import held_models
from wholedoc.models.catalogue import SMOLLM2_135M, Role
from wholedoc.models.recommendation import default_writer
from wholedoc.settings import Answerer
from wholedoc.writers.remote import is_address


@dataclass(frozen=True)
class Wanted:
    """A model that has to be fetched, and what for. `meanwhile` names the model that does it until then."""

    role: Role
    name: str
    meanwhile: str | None = None


def reader_name(settings: Settings) -> str:
    """Return the name of the model that reads."""
    return settings.model or SMOLLM2_135M.name


def missing_reader(settings: Settings, models: Path) -> str | None:
    """Return the name of the reader if it has to be fetched or converted first."""
    name = reader_name(settings)
    return name if held_models.must_be_prepared(name, models) else None


def missing_writer(settings: Settings, models: Path) -> str | None:
    """Return the name of the writer if the settings name one that has to be fetched or converted first."""
    name = settings.answer_model
    if isinstance(name, Answerer) or is_address(name):
        return None
    return name if held_models.must_be_prepared(name, models) else None


def missing_default_writer(settings: Settings, models: Path) -> str | None:
    """Return the name of the writer that suits this machine if the settings leave the choice and it is not here."""
    model = default_writer(settings)
    return None if model is None or held_models.is_held(model, models) else model.name
