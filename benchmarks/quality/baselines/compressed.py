"""KV compression by kvpress's presses, in a child process with the versions that kvpress needs."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any

from wholedoc.models.text_model import TextModel

from ..cases.case import Case
from ..method import NotInstalled, NotRun, Outcome, TooLong
from .asked import Asked, Asker, Reply, Said
from .rope import Stretch, frequencies

CHILD = Path(__file__).with_name("kvpress_child.py")
REQUIREMENTS = CHILD.with_name("kvpress.txt")
PYTHON = Path(__file__).parents[3] / ".venv-kvpress" / "bin" / "python"
# The longest text in tokens: a press sees all of it in one pass, which takes memory.
LONGEST_CPU, LONGEST_CUDA = 16_384, 131_072


class Press(Enum):
    """A press; the values are kvpress's names."""

    SNAPKV = "SnapKVPress"
    """Keeps what the last 64 tokens attend to (arXiv 2404.14469); the question is among them, as in the paper."""
    EXPECTED_ATTENTION = "ExpectedAttentionPress"
    """Keeps what later queries are expected to attend to (arXiv 2510.00636), without the question."""
    KVZIP = "KVzipPress"
    """Keeps what is needed to repeat the text (arXiv 2505.23416), without the question; reads the text twice."""

    @property
    def sees_question(self) -> bool:
        return self is Press.SNAPKV

    @property
    def repeated_tokens(self) -> int:
        """Tokens that the press runs after the text to choose what stays; their positions need room too."""
        return 2048 + 64 if self is Press.KVZIP else 0


class Compressed:
    """Reads the whole document in one pass (NTK-scaled beyond the window) and answers from a budget of its KV."""

    def __init__(
        self, model: TextModel, reply: Reply, press: Press, kept_tokens: int = 4096, python: Path = PYTHON
    ) -> None:
        self.name = f"kvpress {press.name} {kept_tokens}"
        self._model = model
        self._press = press
        self._kept_tokens = kept_tokens
        self._asker = Asker(model, reply)
        self._python = python
        self._child: subprocess.Popen[str] | None = None

    def answer(self, case: Case) -> Outcome:
        """Answer; `evidence_kept` is None, since every head keeps other tokens.

        Raises TooLong, NotInstalled, and NotApplicable if the model scales its RoPE itself.
        """
        asked = self._asker(case)
        tokens = len(asked.document)
        longest = LONGEST_CPU if self._model.loaded.spec.device.type == "cpu" else LONGEST_CUDA
        if tokens > longest:
            raise TooLong(f"{tokens:,} tokens; kvpress reads in one pass, at most {longest:,} here")
        said = Said(**self._exchange(self._request(asked)))
        outcome = asked.outcome(self._model, replace(said, token_ids=tuple(said.token_ids)), [range(tokens)])
        return replace(outcome, evidence_kept=None, kept_tokens=min(tokens, self._kept_tokens))

    def close(self) -> None:
        """End the child process."""
        if self._child is not None:
            self._child.communicate()
            self._child = None

    def _request(self, asked: Asked) -> dict[str, Any]:
        model = self._model.loaded.model
        seen = asked.question if self._press.sees_question else ()
        beside = len(asked.prefix) + len(seen)
        length = len(asked.document) + asked.around + self._press.repeated_tokens
        inverse, factor = frequencies(model.config, Stretch.NTK, length, model.device)
        return {
            "press": self._press.value,
            "compressed": [*asked.prefix, *asked.document.token_ids, *seen],
            "kept": beside + min(len(asked.document), self._kept_tokens),
            "asked": asked.after[len(seen) :],
            "wanted": asked.wanted,
            "max_new_tokens": asked.reply.max_new_tokens,
            "stop": sorted(asked.reply.stop_ids(self._model)),
            "inverse": inverse.tolist(),
            "factor": factor,
        }

    def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._child is None:
            self._child = self._start()
        child = self._child
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(json.dumps(request) + "\n")
            child.stdin.flush()
            answer = child.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self._child = None
            raise NotRun(f"the process of kvpress ended with {child.wait()}; what it says stands above")
        got: dict[str, Any] = json.loads(answer)
        return {"token_ids": got.pop("said"), **got}

    def _start(self) -> subprocess.Popen[str]:
        if not self._python.exists():
            raise NotInstalled(f"no {self._python}: make it with `make kvpress` (pins: {REQUIREMENTS.name})")
        spec, folder = self._model.loaded.spec, self._model.loaded.model.config.name_or_path
        dtype = str(spec.dtype).removeprefix("torch.")
        command = [str(self._python), str(CHILD), folder, dtype, str(spec.device)]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        if not child.stdout.readline():
            raise NotRun(f"the process of kvpress did not start ({child.wait()}); what it says stands above")
        return child
