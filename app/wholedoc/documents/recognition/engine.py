"""rapidocr, which finds the lines on a picture and recognises their letters. It runs in the child process alone."""

from __future__ import annotations

import os
from typing import Any

from ..extraction.clean import clean_line
from .layout import Piece, page_of
from .recognised import RecognisedPage

# More threads than this wait for each other more than they help.
_MOST_THREADS = 4


class Engine:
    """Recognises pictures. Its models come with the package; nothing is fetched."""

    def __init__(self) -> None:
        from rapidocr import RapidOCR
        from rapidocr.inference_engine.onnxruntime import main as sessions

        options = sessions.OrtInferSession._init_sess_opts

        def without_spinning(config: Any) -> Any:
            """Let threads that wait sleep: where anything else is running, spinning takes its time, and ours."""
            made = options(config)
            made.add_session_config_entry("session.intra_op.allow_spinning", "0")
            return made

        sessions.OrtInferSession._init_sess_opts = staticmethod(without_spinning)
        threads = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2, _MOST_THREADS)
        self._engine: Any = RapidOCR(
            params={
                "Global.use_cls": False,  # upside-down lines; it took 180 degrees for granted on lines of digits
                "Global.log_level": "critical",
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            }
        )

    def recognise(self, index: int, picture: Any) -> RecognisedPage:
        """Return the text of a picture (RGB, from Pillow) as page `index`."""
        import numpy as np

        found = self._engine(np.asarray(picture)[:, :, ::-1])
        pieces = []
        if found.boxes is not None and found.txts is not None:
            for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
                if text := clean_line(text):
                    places = tuple((float(x) / picture.width, float(y) / picture.height) for x, y in corners)
                    pieces.append(Piece(text, float(score), places))
        text, confidence, lines = page_of(pieces, picture.height / picture.width)
        return RecognisedPage(index, text, confidence, lines)
