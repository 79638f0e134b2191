"""What an ingress stands: many streams that wait, a client that reads slowly, and thousands of requests."""

from __future__ import annotations

import asyncio
import json
import socket
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from ..report import Report
from ..robustness.memory import memory
from ..robustness.slope import slope
from .clients import Asked, Question, ask_all, percentile
from .started import PATIENCE_S, Cluster, processes

# How often the ingress is looked at while much is asked of it, in seconds.
PROBE_S = 0.2
# A slow client takes so many bytes, and waits so long in between (seconds).
SLOW_BYTES, SLOW_S = 256, 0.02
# So many tokens its answer has: some 200 bytes of a stream each.
SLOW_TOKENS = 200
# Memory is measured so often over all requests. The first quarter fills caches and pools, and does not count.
SAMPLES = 40
# How a whole stream ends.
DONE = "data: [DONE]"


@dataclass
class Probes:
    """What `/health` said while a block ran: its seconds, and the most requests that it had at once."""

    seconds: list[float] = field(default_factory=list)
    most_open: int = 0


def idle_streams(report: Report, cluster: Cluster, ids: Sequence[str], count: int) -> None:
    """Open so many streams at once, most of which wait for their turn, and see whether each gets its answer."""
    ingress = processes("Ingress")[0]
    before = memory(ingress.pid).anonymous
    began = time.monotonic()
    with _probed(cluster) as probes:
        whole = asyncio.run(_streams(cluster.url, ids, count))
    report.add(
        figure="streams that wait",
        streams=count,
        answered_whole=sum(whole),
        most_open_at_once=probes.most_open,
        seconds=time.monotonic() - began,
        health_median_ms=1000 * statistics.median(probes.seconds),
        health_p95_ms=1000 * percentile(probes.seconds, 0.95),
        ingress_grew_megabytes=(memory(ingress.pid).anonymous - before) / 1e6,
        ingress_is_the_same_process=ingress.is_running(),
    )


def slow_reader(
    report: Report, cluster: Cluster, ids: Sequence[str], questions: Sequence[Question], clients: int
) -> None:
    """Have one client read its stream slowly while others ask, whose waiting is compared with that before."""
    alone = _p95(ask_all(cluster.url, ids, questions, clients))
    read: list[tuple[int, bool]] = []
    slow = threading.Thread(target=lambda: read.append(_read_slowly(cluster.url, ids[0])))
    began = time.monotonic()
    slow.start()
    beside = _p95(ask_all(cluster.url, ids, questions, clients))
    slow.join()
    (size, whole), *_ = read
    report.add(
        figure="a client that reads slowly",
        bytes=size,
        bytes_per_s=size / (time.monotonic() - began),
        got_its_whole_answer=whole,
        others_p95_s=beside,
        others_p95_before_s=alone,
    )


def memory_slope(
    report: Report, cluster: Cluster, ids: Sequence[str], questions: Sequence[Question], requests: int, clients: int
) -> None:
    """Ask so many requests, and fit by how much the memory of ingress, proxy and replicas grows with each."""
    batch = max(requests // SAMPLES, 1)
    watched = {name: processes(name) for name in ("Ingress", "ProxyActor", "EngineReplica")}
    points: dict[str, list[tuple[float, float]]] = {name: [] for name in watched}
    failed = asked = 0
    while asked < requests:
        turn = [questions[(asked + n) % len(questions)] for n in range(min(batch, requests - asked))]
        failed += sum(one.answer is None for one in ask_all(cluster.url, ids, turn, clients))
        asked += len(turn)
        for name, some in watched.items():
            points[name].append((asked, float(sum(memory(one.pid).anonymous for one in some))))
    for name, taken in points.items():
        settled = taken[len(taken) // 4 :]
        found = slope([settled])
        report.add(
            figure="memory by request",
            of=name,
            processes=len(watched[name]),
            requests=requests,
            failed=failed,
            kilobytes_a_request=None if found.per_second is None else found.per_second / 1e3,
            error=None if found.error is None else found.error / 1e3,
            first_megabytes=settled[0][1] / 1e6,
            last_megabytes=settled[-1][1] / 1e6,
        )


async def _streams(url: str, ids: Sequence[str], count: int) -> list[bool]:
    """Open all streams at once, each by a user of its own, and return whether each came to its end."""
    limits = httpx.Limits(max_connections=count)
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S, limits=limits) as http:
        return list(await asyncio.gather(*(_stream(http, ids[n % len(ids)], n) for n in range(count))))


async def _stream(http: httpx.AsyncClient, id: str, number: int) -> bool:
    body = {**_body(id, f"Which vessel came after {number}?"), "user": f"stream {number}"}
    last = ""
    try:
        async with http.stream("POST", "/v1/chat/completions", json=body) as answer:
            async for line in answer.aiter_lines():
                last = line or last
    except httpx.HTTPError:
        return False
    return last == DONE


@contextmanager
def _probed(cluster: Cluster) -> Iterator[Probes]:
    """Look at the ingress's health again and again during the block."""
    probes, stop = Probes(), threading.Event()

    def probe() -> None:
        with httpx.Client(base_url=cluster.url, timeout=PATIENCE_S) as http:
            while not probes.seconds or not stop.wait(PROBE_S):
                began = time.monotonic()
                said = http.get("/health").json()
                probes.seconds.append(time.monotonic() - began)
                probes.most_open = max(probes.most_open, said["waiting"] + said["working"])

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        yield probes
    finally:
        stop.set()
        thread.join()


def _read_slowly(url: str, id: str) -> tuple[int, bool]:
    """Ask for a long stream, and take it in small pieces. Returns its bytes, and whether it came to its end."""
    address = urlsplit(url)
    body = json.dumps({**_body(id, "How many crates?"), "max_tokens": SLOW_TOKENS}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    size, end = 0, b""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BYTES)  # so that the server has to wait
        connection.settimeout(PATIENCE_S)
        connection.connect((address.hostname, address.port))
        connection.sendall(head.encode() + body)
        while piece := connection.recv(SLOW_BYTES):
            size, end = size + len(piece), (end + piece)[-100:]
            time.sleep(SLOW_S)
    return size, DONE.encode() in end


def _body(id: str, question: str) -> dict[str, object]:
    content = [{"type": "file", "file": {"file_id": id}}, {"type": "text", "text": question}]
    return {"messages": [{"role": "user", "content": content}], "stream": True}


def _p95(asked: Sequence[Asked]) -> float:
    return percentile([one.waited_s for one in asked], 0.95)
