"""Measures how long eight clients wait who ask four questions each at once, against the model's own time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import httpx
import psutil

from ..home import temporary_home
from ..report import Report
from ..sample import SAMPLES, sample_questions
from .serving import PATIENCE, serving

NOTICE = SAMPLES / "short_notice.pdf"
CLIENTS, QUESTIONS = 8, 4
QUICK_CLIENTS, QUICK_QUESTIONS = 4, 2


@dataclass(frozen=True)
class Asked:
    """One answered question: its client, and seconds as its client waited and as the model worked."""

    client: int
    waited_s: float
    model_s: float


def run(quick: bool, arguments: Sequence[str] = ()) -> Report:
    """Ask all questions one after the other, then all at once, then one after the other again.

    `arguments` are options of `wholedoc serve`.
    """
    report = Report("fairness-quick" if quick else "fairness")
    clients, questions = (QUICK_CLIENTS, QUICK_QUESTIONS) if quick else (CLIENTS, QUESTIONS)
    with temporary_home() as folder, serving(folder, "--answer-model", "reader", *arguments) as (server, http):
        uploaded = http.post(
            "/v1/files", files={"file": (NOTICE.name, NOTICE.read_bytes())}, data={"purpose": "user_data"}
        )
        id = uploaded.raise_for_status().json()["id"]
        _ask(http, id, 0, 0)  # reads the document
        # In the order of a fair round: every client's first question, then every client's second.
        order = [(client, number) for number in range(questions) for client in range(clients)]
        used = [_processor_s(server.process.pid)]
        before = [_ask(http, id, *one) for one in order]
        used.append(_processor_s(server.process.pid))
        together = _ask_together(http, id, order)
        used.append(_processor_s(server.process.pid))
        after = [_ask(http, id, *one) for one in order]
        used.append(_processor_s(server.process.pid))
    _tell(report, before, together, after, clients)
    first, second, third = (later - sooner for sooner, later in pairwise(used))
    report.add(
        figure="processor seconds",
        together_s=second,
        alone_s=(first + third) / 2,
        ratio=2 * second / (first + third),
    )
    return report


def _ask(http: httpx.Client, id: str, client: int, number: int) -> Asked:
    texts = [one.text for one in sample_questions(NOTICE.name)]
    text = texts[(client + number * CLIENTS) % len(texts)]
    parts: list[dict[str, Any]] = [{"type": "file", "file": {"file_id": id}}, {"type": "text", "text": text}]
    body = {"messages": [{"role": "user", "content": parts}], "user": f"client {client}"}
    started = time.perf_counter()
    answer = http.post("/v1/chat/completions", json=body)
    waited = time.perf_counter() - started
    took = answer.raise_for_status().json()["timings"]
    return Asked(client, waited, (took["first_token_ms"] + took["predicted_ms"]) / 1000)


def _ask_together(http: httpx.Client, id: str, order: Sequence[tuple[int, int]]) -> list[Asked]:
    """Ask every question over a connection of its own. Returns the answers in the order in which they came."""
    limits = httpx.Limits(max_connections=len(order), max_keepalive_connections=len(order))
    with (
        httpx.Client(base_url=http.base_url, timeout=PATIENCE, limits=limits) as many,
        ThreadPoolExecutor(len(order)) as pool,
    ):
        asked = list(pool.map(lambda one: _ask(many, id, *one), order))
    return sorted(asked, key=lambda one: one.waited_s)


def _tell(
    report: Report, before: Sequence[Asked], together: Sequence[Asked], after: Sequence[Asked], clients: int
) -> None:
    alone = [(one.model_s + other.model_s) / 2 for one, other in zip(before, after, strict=True)]
    bound = list(accumulate(alone))
    waited = [one.waited_s for one in together]
    firsts = sorted(min(one.waited_s for one in together if one.client == client) for client in range(clients))
    report.add(
        clients=clients,
        questions=len(together),
        model_median_s=statistics.median(alone),
        one_after_the_other_s=sum(one.waited_s for one in (*before, *after)) / 2,
    )
    figures = {
        "median": (statistics.median(waited), statistics.median(bound)),
        "p95": (_p95(waited), _p95(bound)),
        "all": (max(waited), bound[-1]),
        "slowest first answer of a client": (firsts[-1], bound[clients - 1]),
    }
    for name, (seconds, least) in figures.items():
        report.add(figure=name, waited_s=seconds, bound_s=least, ratio=seconds / least)
    report.notes += [
        "the bound is the model's own time for the same questions asked one after the other, the mean of a pass "
        "before and one after: where one is answered at a time and clients take turns, the nth answer comes no "
        "sooner than the time of the first n. Its median, its 95th percentile, its end and the end of the first "
        "round are compared with what the clients waited",
        "ratios are within this run; processor seconds tell whether the server works more for the same questions, "
        "whatever else the machine does",
    ]


def _processor_s(process: int) -> float:
    """Return the seconds that the process has computed on all cores."""
    times = psutil.Process(process).cpu_times()
    return times.user + times.system


def _p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20, method="inclusive")[-1]
