"""Figures that were measured on this machine, kept in one JSON file under names."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .files.atomic import write_atomically

FILE = "paces.json"


@dataclass(frozen=True)
class MeasuredFigures:
    """Positive numbers by name. Those of other machines that share the folder are not mistaken for this one's."""

    path: Path

    @classmethod
    def of(cls, home: Path) -> MeasuredFigures:
        """Return the figures that a library folder keeps."""
        return cls(home / FILE)

    def get(self, name: str) -> float | None:
        """Return the figure of this name, or None if it was never measured on this machine."""
        return self.here().get(name)

    def here(self) -> Mapping[str, float]:
        """Return all figures of this machine."""
        suffix = f" {platform.node()}"
        return {
            key.removesuffix(suffix): value
            for key, value in self._all().items()
            if key.endswith(suffix) and isinstance(value, float) and value > 0
        }

    def put(self, name: str, figure: float) -> None:
        """Keep a figure in place of the one that was there. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = {**self._all(), f"{name} {platform.node()}": figure}
        write_atomically(self.path, json.dumps(content).encode())

    def _all(self) -> dict[str, object]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}
