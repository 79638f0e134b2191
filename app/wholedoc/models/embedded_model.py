"""The model that is used if no other is named: SmolLM2-135M-Instruct, of the catalogue.

It is fetched and converted once. From then on it loads in half a second, and nothing is asked of the network.
"""

from __future__ import annotations

from pathlib import Path

from . import held_models
from .catalogue import SMOLLM2_135M
from .fetching import fetch
from .preparing import Notify, in_words

NAME = SMOLLM2_135M.title
GGUF = SMOLLM2_135M.hub.file


def embedded_model(models: Path, notify: Notify = lambda _: None) -> Path:
    """Return the folder of the converted model below `models`. The first call makes it: 100 MB fetched, 540 MB
    kept.

    `notify` is told what is being done. Raises ModelError if it cannot be fetched or is not what it should be.
    """
    return held_models.hold(SMOLLM2_135M, models, in_words(notify))


def fetch_gguf(target: Path, notify: Notify = lambda _: None) -> Path:
    """Fetch the embedded model as it comes, quantised, below the folder `target`. Returns the GGUF file's path.

    Raises ModelError if it cannot be fetched or is not what it should be.
    """
    return fetch(SMOLLM2_135M, target, in_words(notify))
