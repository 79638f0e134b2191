"""Keeping the progress bars and advice of transformers and of its quantisers out of our output."""

from __future__ import annotations

import logging


def quiet_transformers() -> None:
    """Let transformers and the libraries that quantise weights print errors only, and no progress bars."""
    from transformers.utils import logging as of_transformers

    of_transformers.set_verbosity_error()
    of_transformers.disable_progress_bar()
    for name in ("torchao", "bitsandbytes", "torch.utils._pytree"):
        logging.getLogger(name).setLevel(logging.ERROR)
