"""Measures a cluster of replicas on this machine against one process of the same model."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wholedoc.answer import Answer
from wholedoc.library import Library
from wholedoc.settings import Settings

from ..report import Report
from .clients import Question, ask_all, differing, document_text, percentile, questions_to, upload
from .endurance import idle_streams, memory_slope, slow_reader
from .kills import all_at_once, one_after_another
from .started import REPLICAS, Cluster, started, tiny_settings


@dataclass(frozen=True)
class Size:
    """How much is asked: documents, questions and clients, kills, those who ask about one document at once, streams
    that are open at once, and the requests over which memory is measured."""

    documents: int = 30
    questions: int = 200
    clients: int = 16
    kills: int = 20
    askers: int = 50
    streams: int = 500
    requests: int = 2000


QUICK = Size(documents=6, questions=40, clients=8, kills=1, askers=16, streams=40, requests=80)


def run(quick: bool) -> Report:
    """Ask the same questions everywhere; then kill replicas while they read and answer, and heat one document."""
    size = QUICK if quick else Size()
    report = Report("cluster-quick" if quick else "cluster")
    questions = questions_to(size.documents, size.questions)
    with tempfile.TemporaryDirectory(prefix="wholedoc-model-") as folder:
        settings = tiny_settings(Path(folder))
        expected = _alone(settings, size, questions)
        if not quick:
            with started(settings, REPLICAS, consistent_hash=True) as cluster:
                _routed(report, cluster, "consistent hashing", size, questions, expected)
        with started(settings, REPLICAS) as cluster:
            ids = _routed(report, cluster, "what is warm", size, questions, expected)
            _hot(report, cluster, ids, size)
            idle_streams(report, cluster, ids, size.streams)
            slow_reader(report, cluster, ids, questions[: 2 * size.clients], size.clients)
            memory_slope(report, cluster, ids, questions, size.requests, size.clients)
            one_after_another(report, cluster, ids, size.kills, size.clients, expected)
            all_at_once(report, cluster, ids, size.clients, expected)
            report.add(figure="memory of all its processes", megabytes=cluster.megabytes())
    report.about["replicas"] = REPLICAS
    report.about["load"] = os.getloadavg()[1]  # of the machine in the last five minutes
    report.about["model"] = "2 layers of random weights, fp32, one thread a replica, num_cpus 0"
    report.about["answers"] = f"{len({*expected.values()})} different ones to {len(expected)} different questions"
    report.notes.append("the model answers nonsense in milliseconds: what is measured is the way to it")
    report.notes.append(
        "sending: from when a question leaves the ingress until a replica has begun, by the upper bounds of a "
        "histogram; with one client nothing waits on the way, so that it is the overhead of routing"
    )
    return report


def _alone(settings: Settings, size: Size, questions: Sequence[Question]) -> dict[Question, Any]:
    """Return the answers of one process."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as a replica has
    with tempfile.TemporaryDirectory(prefix="wholedoc-bench-") as folder:
        library = Library.open(Path(folder) / "library", settings)
        documents = []
        for number in range(size.documents):
            path = Path(folder) / f"{number}.txt"
            path.write_text(document_text(number), encoding="utf-8")
            documents.append(library.parse(path))
        answers = {one: _said(library.ask([documents[one.document]], one.text)) for one in set(questions)}
    torch.set_num_threads(threads)
    return answers


def _said(answer: Answer) -> tuple[str, tuple[str, ...]]:
    return answer.text.strip(), tuple(one.quote for one in answer.citations)


def _routed(
    report: Report,
    cluster: Cluster,
    how: str,
    size: Size,
    questions: Sequence[Question],
    expected: dict[Question, Any],
) -> list[str]:
    """Read all documents with a first question each, then ask; return the documents' ids."""
    ids = [upload(cluster.http, document_text(n), f"{n}.txt") for n in range(size.documents)]
    ask_all(cluster.url, ids, [Question(n, "How many crates?") for n in range(size.documents)], size.clients)
    warm, cold, sent = cluster.sent(True), cluster.sent(False), cluster.sending()
    began = time.monotonic()
    asked = ask_all(cluster.url, ids, questions, size.clients)
    seconds = time.monotonic() - began
    warm, cold = cluster.sent(True) - warm, cluster.sent(False) - cold
    sending = cluster.sending().since(sent)
    wrong = differing(asked, expected)
    report.add(
        figure="routing by " + how,
        questions=len(asked),
        equal_to_one_process=len(asked) - len(wrong),
        wrong_answers=wrong,
        failed=sum(one.answer is None for one in asked),
        warm_share=warm / (warm + cold),
        sending_median_ms=sending.milliseconds(0.5),
        sending_p95_ms=sending.milliseconds(0.95),
        median_s=statistics.median(one.waited_s for one in asked),
        questions_per_s=len(asked) / seconds,
    )
    sent = cluster.sending()
    alone = ask_all(cluster.url, ids, questions[: size.documents], 1)
    sending = cluster.sending().since(sent)
    report.add(
        figure="added to the engine's own time, one client",
        by=how,
        median_ms=1000 * statistics.median(one.waited_s - one.engine_s for one in alone),
        sending_median_ms=sending.milliseconds(0.5),
        sending_p95_ms=sending.milliseconds(0.95),
    )
    return ids


def _hot(report: Report, cluster: Cluster, ids: Sequence[str], size: Size) -> None:
    """Ask one document by many at once, and as many questions spread evenly over all documents."""
    texts = [f"How many crates came in with vessel {7 * n}?" for n in range(size.askers)]
    even = [Question(n % len(ids), text) for n, text in enumerate(texts)]
    hot = [Question(0, text) for text in texts]
    ask_all(cluster.url, ids, hot, size.askers)  # from here on it is as warm as it gets
    asked = (ask_all(cluster.url, ids, questions, size.askers) for questions in (even, hot))
    spread, one = (percentile([each.waited_s for each in all_of_them], 0.95) for all_of_them in asked)
    report.add(figure="one hot document", askers=size.askers, p95_s=one, even_p95_s=spread, ratio=one / spread)
