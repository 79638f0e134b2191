"""Measures a question to a document in memory by the document's length: seconds of each step, and decoding."""

from __future__ import annotations

from ..child import in_child
from ..report import Report
from ..sample import REGISTER, SAMPLES
from .asking_child import AskingRequest, measure

LENGTHS = (8192, 32768, 131072)


def run(quick: bool) -> Report:
    """Ask about the front of the register at each length, or, if `quick`, about the short notice."""
    report = Report("asking-quick" if quick else "asking")
    requests = (
        [AskingRequest(SAMPLES / "short_notice.pdf", None, questions=2, decoded=16)]
        if quick
        else [AskingRequest(REGISTER, tokens, questions=9) for tokens in LENGTHS]
    )
    for request in requests:
        report.add(document=request.path.name, **in_child(measure, request))
    report.notes += [
        "every question is asked twice in turn: with every chunk scored, whose steps are listed, and with those "
        "scored that a scan by the model's retrieval heads puts first (scan_cited_s, scan_first_token_s)",
        "first_token_s is the whole way from the question to the first token that shows; the steps are medians of "
        "their own over the questions that took them, so that they do not add up to it",
        "opening is the pass over what is left of the question, and the first token drawn; reread only takes the "
        "passage up to prepare for it",
        f"decoding goes on for {requests[0].decoded} tokens whatever they are: from all that was kept of the "
        "document, and from one passage that is read again",
    ]
    return report
