"""Keeping transformers' own progress bars and advice out of our output."""

from __future__ import annotations


def quiet_transformers() -> None:
    """Let transformers print errors only, and no progress bars."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
