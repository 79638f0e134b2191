"""A question to a document in memory, by the document's length: seconds of its steps, and decoding."""

from __future__ import annotations

from .asking_trial import AskingTrial, measure
from .child import in_child
from .report import Report
from .sample import REGISTER, SAMPLES

LENGTHS = (8192, 32768, 131072)


def run(quick: bool) -> Report:
    """The front of the register at each length (quick: the short notice), each in a process of its own."""
    report = Report("asking-quick" if quick else "asking")
    trials = (
        [AskingTrial(SAMPLES / "short_notice.pdf", None, questions=2, decoded=16)]
        if quick
        else [AskingTrial(REGISTER, tokens, questions=9) for tokens in LENGTHS]
    )
    for trial in trials:
        report.add(document=trial.path.name, **in_child(measure, trial))
    report.notes += [
        "first_token_s is the whole way from the question to the first token that shows; the steps are medians of "
        "their own over the questions that took them, so that they do not add up to it",
        "opening is the pass over what is left of the question, and the first token drawn; reread only takes the "
        "passage up to prepare for it",
        f"decoding goes on for {trials[0].decoded} tokens whatever they are: from all that was kept of the "
        "document, and from one passage that is read again",
    ]
    return report
