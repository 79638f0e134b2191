"""Keeping the progress bars and advice of transformers and of its quantisers out of our output."""

from __future__ import annotations

import logging

# What says at import which of its optional parts are missing, where it is installed.
QUANTISERS = ("torchao", "bitsandbytes", "torch.utils._pytree")


def quiet_transformers() -> None:
    """Let transformers and the libraries that quantise weights print errors only, and no progress bars."""
    from transformers.utils import logging as of_transformers

    of_transformers.set_verbosity_error()
    of_transformers.disable_progress_bar()
    quiet_quantisers()


def quiet_quantisers() -> None:
    """Let the libraries that quantise weights print errors only. They speak when transformers is imported."""
    for name in QUANTISERS:
        logging.getLogger(name).setLevel(logging.ERROR)
