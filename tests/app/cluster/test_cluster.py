"""The server over replicas on Ray Serve: the same answers, warm documents, and replicas that are killed."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from benchmarks.cluster.started import running_replicas

from ..server.serving import Server, log, until
from .conftest import REPLICAS, Cluster, body

# Ray starts six processes beside the replicas, which takes minutes where the machine is busy with other things.
pytestmark = [pytest.mark.embedded, pytest.mark.timeout(900)]
# How long a test waits for something, in seconds.
PATIENCE_S = 400.0
QUESTIONS = ["How many crates came in?", "Which vessel came first?"]


def said(answer: dict[str, Any]) -> Any:
    """What an answer says, without times and ids."""
    return answer["choices"][0], answer["usage"]["completion_tokens"]


def test_every_answer_is_that_of_one_process(cluster: Cluster, alone: Server) -> None:
    """The answers are all different: else one that was given to another question would pass."""
    told: list[str] = []
    for name in ("north", "south"):
        text = log(f"the same {name}")
        ids = {cluster.upload(f"{name}.txt", text), alone.upload(f"{name}.txt", text).json()["id"]}
        assert len(ids) == 1
        for question in QUESTIONS:
            expected = alone.http.post("/v1/chat/completions", json=body(*ids, question)).json()
            assert said(cluster.ask(*ids, question).json()) == said(expected)
            told.append(expected["choices"][0]["message"]["content"])
    assert len(set(told)) == len(told) == 2 * len(QUESTIONS)


def test_a_text_in_a_message_and_a_stream_are_answered(cluster: Cluster, alone: Server) -> None:
    asked = {"messages": [{"role": "user", "content": f"{log('text')}\n\nHow many crates came in?"}]}
    expected = alone.http.post("/v1/chat/completions", json=asked).json()["choices"][0]["message"]["content"]
    with cluster.http.stream("POST", "/v1/chat/completions", json={**asked, "stream": True}) as response:
        data = [line.removeprefix("data: ") for line in response.iter_lines() if line.startswith("data: {")]
    pieces = [json.loads(one)["choices"][0]["delta"].get("content") or "" for one in data]
    assert "".join(pieces) == expected


def test_errors_are_those_of_one_process(cluster: Cluster, alone: Server) -> None:
    for asked in (body("0" * 64, "What?"), {"messages": [{"role": "user", "content": " "}]}):
        expected, answer = (http.post("/v1/chat/completions", json=asked) for http in (alone.http, cluster.http))
        assert (answer.status_code, answer.json()) == (expected.status_code, expected.json())


def test_a_question_has_one_id_in_the_response_and_all_logs(cluster: Cluster) -> None:
    id = cluster.upload("named.txt", log("named"))
    answer = cluster.http.post("/v1/chat/completions", json=body(id, "?"), headers={"X-Request-ID": "question-7"})
    assert answer.headers.get_list("x-request-id") == ["question-7"]
    until(lambda: any("question-7" in path.read_text() for path in cluster.logs("EngineReplica")), PATIENCE_S)
    (line,) = (
        line
        for path in cluster.logs("EngineReplica")
        for line in path.read_text().splitlines()
        if '"request_id": "question-7"' in line and '"outcome"' in line
    )
    told = json.loads(line)
    assert (told["outcome"], told["documents"], told["warm"]) == ("answered", 1, False)


def test_a_document_is_read_once_whoever_asks(cluster: Cluster) -> None:
    id = cluster.upload("once.txt", log("once", 200))
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: cluster.ask(id, f"How many crates had vessel {n}?").json(), range(6)))
    chunks = list((cluster.folder / "kv").glob("*/*.safetensors"))
    assert len({path.stem for path in chunks}) == len(chunks)
    assert sum(one["usage"]["prompt_tokens_details"]["cached_tokens"] == 0 for one in answers) <= 1


def test_a_client_that_goes_away_stops_the_work(cluster: Cluster) -> None:
    id = cluster.upload("long.txt", log("long", 1000))
    with cluster.http.stream("POST", "/v1/chat/completions", json=body(id, "How many?", stream=True)) as response:
        next(response.iter_lines())
    until(lambda: cluster.http.get("/health").json()["working"] == 0, PATIENCE_S)


def test_questions_survive_the_death_of_a_replica(cluster: Cluster) -> None:
    """While clients ask, each replica is killed once; nobody gets anything but an answer."""
    ids = [cluster.upload(f"{n}.txt", log(f"survivor {n}", 60)) for n in range(3)]
    expected = {id: said(cluster.ask(id, QUESTIONS[0]).json()) for id in ids}
    stop = threading.Event()
    answers: list[tuple[str, int, Any]] = []

    def ask(id: str) -> None:
        while not stop.is_set():
            answer = cluster.ask(id, QUESTIONS[0])
            answers.append((id, answer.status_code, answer.json()))

    victims = until_replicas(cluster)
    with ThreadPoolExecutor(len(ids)) as pool:
        asking = [pool.submit(ask, id) for id in ids]
        try:
            for victim in victims:
                victim.kill()
                wanted = len(answers) + 2 * len(ids)
                until(lambda wanted=wanted: len(answers) > wanted or any(one.done() for one in asking), PATIENCE_S)
                until_replicas(cluster)
        finally:
            stop.set()
        for one in asking:
            one.result()
    wrong = [(status, answer) for id, status, answer in answers if status != 200 or said(answer) != expected[id]]
    assert wrong == []


def test_a_reading_survives_the_death_of_its_replica(cluster: Cluster) -> None:
    id = cluster.upload("job.txt", log("job", 1500))
    path = f"/v1/files/{id}/reading"
    victims = until_replicas(cluster)
    cluster.http.post(path)
    until(lambda: cluster.http.get(path).json()["tokens"] > 0, PATIENCE_S)
    for one in victims:
        one.kill()
    left = cluster.http.get(path).json()
    assert 0 < left["tokens"] < left["total"]  # nobody can have gone on: a replica takes seconds to start
    until(lambda: cluster.http.get(path).json()["status"] == "done", PATIENCE_S)


def test_replicas_that_are_told_to_go_finish_their_answers(cluster: Cluster) -> None:
    """It is the last test: there is one replica then."""
    ids = [cluster.upload(f"last {n}.txt", log(f"last {n}", 200)) for n in range(6)]
    with ThreadPoolExecutor(len(ids)) as pool:
        asked = [pool.submit(cluster.ask, id, QUESTIONS[0]) for id in ids]
        until(lambda: cluster.http.get("/health").json()["working"] > 2, PATIENCE_S)
        cluster.deploy(1)
        assert [one.result().status_code for one in asked] == [200] * len(ids)
    until(lambda: len(cluster.replicas()) == 1, PATIENCE_S)


def until_replicas(cluster: Cluster) -> list[psutil.Process]:
    """Wait until there are as many replicas as there should be, all of them ready, and return their processes."""
    found: list[psutil.Process] = []

    def are_there() -> bool:
        found[:] = cluster.replicas()
        return len(found) == running_replicas() == REPLICAS

    until(are_there, PATIENCE_S)
    return found
