"""Compares ways to read a document and to keep it, by the command line as users run it, in one process a row.

Measured are parallel chunks (whole and with every eviction policy, with and without clustered heads), APB and
Star-Attention over several ranks, and full attention on what fits the window. All are asked the same questions
about the same text.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from parallelcomp import EvictionPolicy
from wholedoc.library import Library
from wholedoc.models.chat_template import encode
from wholedoc.models.embedded_model import embedded_model
from wholedoc.models.text_model import open_model

from ..child import in_child
from ..home import environment, start, temporary_home
from ..report import Report, peak_gigabytes
from ..sample import SAMPLES
from .cases.case import Case
from .cases.metrics import evidence_rank, mark
from .cases.tasks import Task, cases

# Tokens: half a chunk, so that every policy has to choose.
CAPACITY = 1024
ANSWER_TOKENS = 24


@dataclass(frozen=True)
class Setting:
    """A row: the options on the command line besides the document and the questions.

    `stretched` says that the model reads tokens at their true positions and is given a longer window for it.
    `asked` is how many of the questions are asked; None means all.
    """

    name: str
    options: tuple[str, ...] = ()
    stretched: bool = False
    asked: int | None = None


@dataclass(frozen=True)
class Length:
    """A document's length and what is measured at it.

    `tokens` and `questions` count those of the document. In APB and Star-Attention, `hosts` share it over each
    number of `ranks`; they read everything anew for a question and are asked `by_hosts` of the questions.
    `policies` are the eviction policies to compare.
    """

    tokens: int
    questions: int
    hosts: int
    ranks: tuple[int, ...]
    by_hosts: int
    policies: tuple[EvictionPolicy, ...] = tuple(EvictionPolicy)


FULL = (Length(32768, 5, 8, (2, 4), 2), Length(131072, 5, 16, (2, 4), 1))
QUICK = (Length(3072, 2, 2, (2,), 1, (EvictionPolicy.STREAMING_LLM,)),)


def run(quick: bool, tokens: Sequence[int] = ()) -> Report:
    """Measure reading and question time, memory, bytes between ranks, right answers and evidence, by setting.

    `tokens` names the lengths to measure, of those that there are; all if it is empty.
    """
    report = Report("-".join(["attention", *(["quick"] if quick else []), *map(str, tokens)]))
    lengths = [one for one in (QUICK if quick else FULL) if not tokens or one.tokens in tokens]
    with temporary_home() as home:
        clusters = _clusters(home)
        for length in lengths:
            _compare(report, home, length, clusters)
    report.notes += [
        "read_s of APB and Star-Attention is part of question_s: the document is read for every question",
        "peak_gb is of all processes of a row together; a page that two of them share counts twice",
        f"policies keep {CAPACITY} tokens of every chunk, and answer from all that was kept",
        "APB and Star-Attention read every token at its true position, beyond the embedded model's window: they "
        "run with its RoPE stretched by YaRN, the others with the model as it is",
        "ranks share this machine's cores: they show what travels, not what several machines would save",
    ]
    return report


def _compare(report: Report, home: Path, length: Length, clusters: Path) -> None:
    library = Library.open(home)
    tokenizer = library.model.tokenizer
    made = cases(Task.NEEDLES, length.tokens, lambda text: len(encode(tokenizer, text)), depths=length.questions)
    each = [case for case in made if len(case.answers) == 1]
    pages = [(text, str(number)) for number, text in enumerate(each[0].pages, 1)]
    document = library.remember_pages(pages, "needles").id
    stretched = _stretched(home, 2 * length.tokens)
    for setting in _settings(length, clusters):
        asked = each[: setting.asked]
        report.add(setting=setting.name, tokens=length.tokens, **_ask(home, document, asked, setting, stretched))
        report.save()
    report.add(setting="full attention, the middle cut out to fit the window", tokens=length.tokens, **_cut(each))
    report.save()


def _settings(length: Length, clusters: Path) -> list[Setting]:
    context, chai = ("--answer-from", "context"), ("--clusters", str(clusters))
    by_hosts = {"stretched": True, "asked": length.by_hosts}
    hosts = ("--hosts", str(length.hosts))
    apb = [
        Setting(f"APB, {ranks} ranks", ("--attention", "apb", *hosts, "--ranks", str(ranks)), **by_hosts)  # type: ignore[arg-type]
        for ranks in length.ranks
    ]
    star = ("--attention", "star", *hosts, "--ranks", str(length.ranks[0]))
    policies = [
        Setting(one.value, (*context, "--eviction", one.value, "--capacity", str(CAPACITY)))
        for one in length.policies
    ]
    return [
        Setting("ParallelComp"),
        Setting("ParallelComp, clustered heads", chai),
        Setting("ParallelComp, answered from all that was kept", context),
        Setting("the same, clustered heads", (*context, *chai)),
        *policies,
        *apb,
        Setting(f"Star-Attention, {length.ranks[0]} ranks", star, **by_hosts),  # type: ignore[arg-type]
    ]


def _ask(home: Path, document: str, asked: Sequence[Case], setting: Setting, stretched: Path) -> dict[str, Any]:
    """Run one command with all the questions; return its figures."""
    questions = [word for case in asked for word in ("-q", case.question)]
    model = ("--model", str(stretched)) if setting.stretched else ()
    options = (*setting.options, "--max-new-tokens", str(ANSWER_TOKENS), *model, "--json")
    ran = start(home, "ask", document, *questions, *options, stdout=subprocess.PIPE)
    with _Memory(ran.pid) as memory:
        out, _ = ran.communicate()
    if ran.returncode != 0:
        return {"failed": f"exit code {ran.returncode}"}
    said = json.loads(out)
    answers = said["answers"]
    ranks = [_rank(case, answer) for case, answer in zip(asked, answers, strict=True)]
    return {
        "options": " ".join(one for one in setting.options if not one.startswith("/")),
        "questions": len(asked),
        "read_s": said["timings"]["read_s"] or None,
        "question_s": statistics.median(answer["timings"]["first_token_s"] for answer in answers),
        "peak_gb": memory.peak / 1e9,
        "travelled_mb": said["ranks"]["bytes"] / 1e6 if "ranks" in said else None,
        "kept_tokens": round(statistics.fmean(answer["usage"]["kept_tokens"] for answer in answers)),
        "right": _share(mark(a["answer"], c.answers, c.metric) == 1 for c, a in zip(asked, answers, strict=True)),
        "evidence_in_first_1": _share(rank == 1 for rank in ranks),
        "evidence_in_first_3": _share(rank is not None and rank <= 3 for rank in ranks),
    }


def _rank(case: Case, answer: dict[str, Any]) -> int | None:
    """Return the 1-based rank of the first citation on an evidence page, None if there is none."""
    return evidence_rank((citation["page"] - 1 for citation in answer["citations"]), case.evidence)


def _share(hits: Any) -> str:
    found = list(hits)
    return f"{sum(found)} of {len(found)}"


def _cut(asked: Sequence[Case]) -> dict[str, Any]:
    """Return the figures of full attention with the document's middle cut out, from a process of its own."""
    measured = in_child(_measure_cut, tuple(asked))
    marks = measured.pop("marks")
    return {"questions": len(asked), **measured, "right": _share(one == 1 for one in marks)}


def _measure_cut(asked: tuple[Case, ...]) -> dict[str, Any]:
    from .baselines import BASELINES, Baseline, Reply

    model = open_model()
    method = BASELINES[Baseline.TRUNCATED](model, Reply.like_ours(model, ANSWER_TOKENS))
    outcomes = [method.answer(case) for case in asked]
    return {
        "read_s": sum(one.read_s for one in outcomes) / len(outcomes),
        "question_s": statistics.median(one.answer_s for one in outcomes),
        "peak_gb": peak_gigabytes(),
        "kept_tokens": outcomes[0].kept_tokens,
        "marks": [mark(one.text, case.answers, case.metric) for one, case in zip(outcomes, asked, strict=True)],
    }


def _clusters(home: Path) -> Path:
    """Find the embedded model's clusters of heads on a text that is asked nothing; return their file."""
    sample = SAMPLES / "short_notice.pdf"
    command = [sys.executable, "-m", "wholedoc", "cluster-heads", str(sample), "--json"]
    ran = subprocess.run(command, env=environment(home), stdout=subprocess.PIPE, check=True)
    return Path(json.loads(ran.stdout)["file"])


def _stretched(home: Path, tokens: int) -> Path:
    """Make a copy of the embedded model with its window stretched to `tokens` by YaRN; return its folder."""
    own = embedded_model(home / "models")
    folder = home / f"stretched-{tokens}"
    folder.mkdir()
    for file in own.iterdir():
        (folder / file.name).symlink_to(file)
    config = json.loads((own / "config.json").read_text(encoding="utf-8"))
    window = config["max_position_embeddings"]
    config["rope_parameters"] = {
        **config["rope_parameters"],
        "rope_type": "yarn",
        "factor": tokens / window,
        "original_max_position_embeddings": window,
    }
    config["max_position_embeddings"] = tokens
    (folder / "config.json").unlink()
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


class _Memory:
    """Watches the resident memory of a process and its descendants; `peak` is their largest sum, in bytes."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.2):
            try:
                whole = [self._process, *self._process.children(recursive=True)]
                self.peak = max(self.peak, sum(one.memory_info().rss for one in whole))
            except psutil.Error:
                time.sleep(0)
