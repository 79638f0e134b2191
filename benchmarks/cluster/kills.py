"""Replicas that are killed while clients ask and documents are read."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx

from wholedoc.storage.folder import LibraryFolder

from ..report import Report
from .clients import Asked, Question, ask, differing, document_text, upload
from .started import PATIENCE_S, REPLICAS, Cluster

# Seconds between two kills, at least. Another one waits until all replicas but one are ready.
PAUSE_S = 2.0


def one_after_another(
    report: Report,
    cluster: Cluster,
    ids: Sequence[str],
    kills: int,
    clients: int,
    expected: Mapping[Question, Any],
) -> None:
    """Kill a random replica (SIGKILL), one that is starting too, again and again while new documents are read."""
    new = [upload(cluster.http, document_text(1000 + n, 400), f"new {n}.txt") for n in range(kills)]
    stored = cluster.chunks()
    killed, draw = [], random.Random(3)
    with _asking(cluster, ids, list(expected), clients) as asked:
        for id in new:
            cluster.http.post(f"/v1/files/{id}/reading").raise_for_status()
            time.sleep(PAUSE_S)
            _until_ready(cluster, REPLICAS - 1)
            draw.choice(cluster.replicas()).kill()
            killed.append(time.monotonic())
        _until_ready(cluster, REPLICAS)
        ready = time.monotonic() - killed[-1]
        _until(lambda: all(cluster.http.get(f"/v1/files/{id}/reading").json()["status"] == "done" for id in new))
    report.add(
        figure="kills",
        kills=len(killed),
        **_came_back(asked, expected),
        documents_lost=len([id for id in (*ids, *new) if cluster.http.get(f"/v1/files/{id}").status_code != 200]),
        chunks_stored_before=len(stored),
        chunks_lost=len(stored - cluster.chunks()),
        chunks_damaged=len(LibraryFolder(cluster.folder).verify().damaged),
        longest_until_an_answer_s=max(_until_an_answer(asked, at) for at in killed),
        all_ready_after_the_last_s=ready,
    )


def all_at_once(
    report: Report, cluster: Cluster, ids: Sequence[str], clients: int, expected: Mapping[Question, Any]
) -> None:
    """Kill every replica, so that the next answer comes from one that had to be started first."""
    with _asking(cluster, ids, list(expected), clients) as asked:
        time.sleep(PAUSE_S)
        for one in cluster.replicas():
            one.kill()
        killed = time.monotonic()
        time.sleep(PAUSE_S)  # until Serve has noticed
        _until_ready(cluster, REPLICAS)
        ready = time.monotonic() - killed
    report.add(
        figure="all replicas killed at once",
        **_came_back(asked, expected),
        until_an_answer_s=_until_an_answer(asked, killed),
        all_ready_after_s=ready,
    )


def _came_back(asked: Sequence[Asked], expected: Mapping[Question, Any]) -> dict[str, Any]:
    """Return what is reported of the questions that were asked beside kills."""
    wrong = differing(asked, expected)
    return {
        "questions": len(asked),
        "without_an_answer": sum(one.answer is None for one in asked),
        "wrong": len(wrong),
        "wrong_answers": wrong,
        "errors_that_were_asked_again": dict(Counter(error[:3] for one in asked for error in one.errors)),
        "longest_wait_s": max(one.waited_s for one in asked),
    }


def _until_an_answer(asked: Sequence[Asked], killed: float) -> float:
    """Return the seconds from a kill until a question that was asked after it was answered."""
    after = [one.began + one.waited_s - killed for one in asked if one.began >= killed and one.answer is not None]
    return min(after, default=float("inf"))


@contextmanager
def _asking(
    cluster: Cluster, ids: Sequence[str], questions: Sequence[Question], clients: int
) -> Iterator[list[Asked]]:
    """Have so many clients ask one question after another during the block. Yields what came back, as it comes."""
    stop = threading.Event()
    asked: list[Asked] = []

    def client(seed: int) -> None:
        draw = random.Random(seed)
        while not stop.is_set():
            question = draw.choice(questions)
            asked.append(ask(http, ids[question.document], question))

    with (
        httpx.Client(
            base_url=cluster.url, timeout=PATIENCE_S, limits=httpx.Limits(max_connections=clients)
        ) as http,
        ThreadPoolExecutor(clients) as pool,
    ):
        working = [pool.submit(client, seed) for seed in range(clients)]
        try:
            yield asked
        finally:
            stop.set()
        for one in working:
            one.result()


def _until_ready(cluster: Cluster, least: int) -> None:
    _until(lambda: cluster.ready() >= least)


def _until(holds: Any) -> None:
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > PATIENCE_S:
            raise TimeoutError("the cluster has not recovered")
        time.sleep(0.1)
