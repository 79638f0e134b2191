"""rapidocr, which finds the lines on a picture and recognises their letters. It runs in the child process alone."""

from __future__ import annotations

import math
import os
from typing import Any

from ..extraction.pages.clean import clean_line
from .layout import Piece, page_of
from .recognised import RecognisedPage

# More than this wait for each other more than they help.
_MOST_THREADS = 4
# The longer side, in pixels, of the picture on which lines are found: 110 dpi of an A4 page.
_FINDING_SIDE = 1280
# A line of which the recogniser is less sure than this, or with fewer letters for each of its heights, was not
# read: a script that the models do not know comes out as next to nothing, with a high confidence. Latin has 2.5.
_LEAST_SURE = 0.5
_LEAST_LETTERS = 0.7


def usable_threads() -> int:
    """Return how many threads help on this machine."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2, _MOST_THREADS)


class Engine:
    """Recognises pictures, each by so many threads. Its models come with the package; nothing is fetched."""

    def __init__(self, threads: int) -> None:
        # onnxruntime would note an id for its reports in the folder for temporary files, as soon as it is imported.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        from rapidocr import RapidOCR
        from rapidocr.inference_engine.onnxruntime import main as sessions

        options = sessions.OrtInferSession._init_sess_opts

        def without_spinning(config: Any) -> Any:
            """Let threads that wait sleep: where anything else is running, spinning takes its time, and ours."""
            made = options(config)
            made.add_session_config_entry("session.intra_op.allow_spinning", "0")
            return made

        sessions.OrtInferSession._init_sess_opts = staticmethod(without_spinning)
        self._engine: Any = RapidOCR(
            params={
                "Global.use_cls": False,  # upside-down lines; it took 180 degrees for granted on lines of digits
                "Global.log_level": "critical",
                "Global.text_score": 0.0,  # else lines below 0.5 vanish without a word
                # Lines are found on a smaller picture, in half the time, and read on the whole one.
                "Det.limit_type": "max",
                "Det.limit_side_len": _FINDING_SIDE,
                # Memory kept between lines, and more lines together: 5.5 s a page instead of 7.3 s, timed once.
                "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,
                "Rec.rec_batch_num": 16,
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            }
        )

    def recognise(self, index: int, picture: Any) -> RecognisedPage:
        """Return the text of a picture (RGB, from Pillow) as page `index`."""
        import numpy as np

        found = self._engine(np.asarray(picture)[:, :, ::-1])
        pieces = []
        unread = 0
        if found.boxes is not None and found.txts is not None:
            for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
                text = clean_line(text)
                if float(score) < _LEAST_SURE or _is_unread(corners, text):
                    unread += 1
                    continue
                places = tuple((float(x) / picture.width, float(y) / picture.height) for x, y in corners)
                pieces.append(Piece(text, float(score), places))
        text, confidence, lines = page_of(pieces, picture.height / picture.width)
        return RecognisedPage(index, text, confidence, lines, unread)


def _is_unread(corners: Any, text: str) -> bool:
    """Return whether a line has next to no letters for its length."""
    (x1, y1), (x2, y2), _, (x4, y4) = ((float(x), float(y)) for x, y in corners)
    width, height = math.hypot(x2 - x1, y2 - y1), max(math.hypot(x4 - x1, y4 - y1), 1.0)
    return not text or (width > 4 * height and len(text.replace(" ", "")) < _LEAST_LETTERS * width / height)
