"""Which replica gets a question, without Ray."""

from __future__ import annotations

from collections import Counter

import pytest

from wholedoc.cluster.options import MOST_ONGOING
from wholedoc.cluster.placement import NOTED_S, SPREAD, Candidate, Notes, document_key, ranked
from wholedoc.server.state import CONCURRENT_REQUESTS

THREE = ("a", "b", "c")


def replicas(queues: dict[str, int] | None = None, **warm: dict[str, int]) -> list[Candidate]:
    return [Candidate(name, (queues or {}).get(name, 0), warm.get(name, {})) for name in THREE]


def test_a_question_goes_where_its_document_is_warm() -> None:
    for name in THREE:
        assert ranked(["one"], replicas(**{name: {"one": 900}}))[0] == name


def test_several_documents_go_where_most_of_their_tokens_are_warm() -> None:
    warm = {"a": {"one": 500, "two": 400}, "b": {"three": 1000}, "c": {"one": 500}}
    assert ranked(["one", "two", "three"], replicas(**warm)) == ["b", "a", "c"]


def test_cold_documents_are_spread_and_every_router_sends_one_to_the_same_place() -> None:
    documents = [f"document-{n}" for n in range(300)]
    first = {one: ranked([one], replicas())[0] for one in documents}
    assert min(Counter(first.values()).values()) > 60
    busy = replicas({"a": SPREAD, "b": 1, "c": 2})  # another router's view of the queues
    assert {one: ranked([one], busy)[0] for one in documents} == first


def test_a_replica_that_is_gone_moves_its_own_documents_only() -> None:
    documents = [f"document-{n}" for n in range(100)]
    for one in documents:
        before, *_ = ranked([one], replicas())
        after, *_ = ranked([one], [left for left in replicas() if left.name != "b"])
        assert after == before or before == "b"


@pytest.mark.parametrize(("more", "first"), [(SPREAD, "a"), (SPREAD + 1, "b")])
def test_a_hot_document_spreads_when_its_replica_has_too_many_more(more: int, first: str) -> None:
    queues = {"a": 2 + more, "b": 2, "c": 3 + SPREAD}
    assert ranked(["hot"], replicas(queues, a={"hot": 10}))[0] == first


@pytest.mark.parametrize("replicas", [1, 2, 3, 8])
def test_the_router_passes_a_replica_over_before_it_is_full(replicas: int) -> None:
    """All that an ingress admits is about one document, which only one replica has warm."""
    queues = dict.fromkeys(map(str, range(replicas)), 0)
    for _ in range(CONCURRENT_REQUESTS * replicas):
        candidates = [Candidate(name, queue, {"hot": 10} if name == "0" else {}) for name, queue in queues.items()]
        first, *_ = ranked(["hot"], candidates)
        assert queues[first] < MOST_ONGOING
        queues[first] += 1


def test_where_a_document_is_warm_in_several_the_shortest_queue_is_first() -> None:
    warm = {"a": {"hot": 10}, "b": {"hot": 10}}
    assert ranked(["hot"], replicas({"a": 3, "b": 2, "c": 0}, **warm)) == ["b", "a", "c"]


def test_without_documents_the_shortest_queue_is_first() -> None:
    assert ranked([], replicas({"a": 2, "b": 1, "c": 3})) == ["b", "a", "c"]


def test_without_replicas_there_is_none() -> None:
    assert ranked(["one"], []) == []


def test_notes_last_until_the_replica_says_so_itself() -> None:
    now = 0.0
    notes = Notes(lambda: now)
    notes.add("a", ["one"])
    assert notes.warm("a", ["one", "two"], {"two": 7}) == {"one": 1, "two": 7}
    assert notes.warm("b", ["one"], {}) == {}
    now = NOTED_S + 0.1
    assert notes.warm("a", ["one"], {}) == {}
    assert notes.warm("a", ["one"], {"one": 5}) == {"one": 5}


def test_files_and_texts_of_the_same_sum_have_the_same_key() -> None:
    assert document_key("text-" + "ab" * 32) == document_key("ab" * 32) == "ab" * 10
