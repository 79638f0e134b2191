"""The models of the catalogue as they are on this machine: fetched or not, how large, how fast."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..storage.figures import MeasuredFigures
from . import catalogue, fetching, held_models
from .catalogue import CatalogueModel
from .throughput import ThroughputRecords

LONG_TOKENS = 131_072


@dataclass(frozen=True)
class ModelHere:
    """A model of the catalogue on this machine.

    `fetched_bytes` of its file have arrived. `disk_bytes` is what it takes, or will take once it is fetched.
    `measured_here` is how many tokens a second it reads here; None before it has read anything.
    """

    model: CatalogueModel
    is_held: bool
    fetched_bytes: int
    disk_bytes: int
    measured_here: float | None

    @property
    def tokens_per_second(self) -> float:
        """How fast it reads here or, if that is not known, on the machine of the catalogue's figures."""
        return self.measured_here or self.model.measured.tokens_per_second

    @property
    def long_seconds(self) -> int:
        """How many seconds it reads 128K tokens."""
        return round(LONG_TOKENS / self.tokens_per_second)


def model_here(model: CatalogueModel, home: Path) -> ModelHere:
    """Return what is known of a model in the library folder `home`. Nothing is loaded."""
    models = home / "models"
    held = held_models.is_held(model, models)
    return ModelHere(
        model,
        held,
        model.bytes if held else fetching.fetched_bytes(model, models),
        held_models.held_bytes(model, models) if held else model.disk_bytes,
        ThroughputRecords(MeasuredFigures.of(home)).fastest(held_models.fingerprints(model, models)),
    )


def models_here(home: Path) -> list[ModelHere]:
    """Return what is known of all models of the catalogue, the smallest first."""
    return [model_here(model, home) for model in catalogue.CATALOGUE]
