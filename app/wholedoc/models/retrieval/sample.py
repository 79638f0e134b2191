"""The text on which a model's retrieval heads are found: pages of a sample document, and a question to each.

`sample.json` is written by `python -m tools.retrieval_sample` out of the sample documents, which are not installed.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from parallelcomp.retrieval.heads import AnsweredQuestion, HeadSample

from ..chat_template import PromptSegments, encode


def head_sample(tokenizer: Any, prompt: PromptSegments, longest: int) -> HeadSample:
    """Return the sample as a model's token ids.

    Where a window is that small, pages are cut after `longest` tokens, and what is behind the cut is left out.
    """
    content = json.loads(files(__package__).joinpath("sample.json").read_text(encoding="utf-8"))
    parts = [encode(tokenizer, page)[:longest] for page in content["pages"]]
    questions = [
        AnsweredQuestion(prompt.question(tokenizer, one["question"]), one["page"]) for one in content["questions"]
    ]
    return HeadSample(tuple(parts), tuple(questions))
