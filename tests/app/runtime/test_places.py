"""A few places for many threads: no client has all of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from parallelcomp import Cancelled
from wholedoc.runtime.client import Client
from wholedoc.runtime.places import Places

from ..server.serving import until

A, B = Client("10.0.0.1", "one"), Client("10.0.0.2", "one")


@contextmanager
def holding(places: Places, *clients: Client) -> Iterator[list[Client]]:
    """Threads that take a place for each client, in this order, and keep it to the end of the block.

    Yields those who have one.
    """
    done = threading.Event()
    inside: list[Client] = []

    def hold(client: Client) -> None:
        with places.take(client):
            inside.append(client)
            done.wait(20)

    threads = []
    for count, client in enumerate(clients, 1):
        threads.append(threading.Thread(target=hold, args=(client,)))
        threads[-1].start()
        until(lambda so_far=count: places.working + places.waiting == so_far)
    until(lambda: len(inside) == places.working)
    try:
        yield inside
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_one_user_has_half_and_one_address_all_but_one() -> None:
    places = Places(4)
    others = [Client(A.address, f"user {n}") for n in range(5)]
    with holding(places, *[A] * 5, *others, B) as inside:
        until(lambda: len(inside) == 4)
        assert inside == [A, A, others[0], B]
        assert (places.working, places.waiting) == (4, 7)
    assert (places.working, places.waiting) == (0, 0)
    assert len(inside) == 11


def test_who_gives_up_leaves_the_queue() -> None:
    places = Places(1)
    with places.take(A):
        with pytest.raises(Cancelled), places.take(B, lambda: True):
            raise AssertionError("there was no place")
        assert places.waiting == 0
    with places.take(B):
        assert places.working == 1


def test_an_error_frees_the_place() -> None:
    places = Places(1)
    with pytest.raises(ZeroDivisionError), places.take(A):
        raise ZeroDivisionError
    assert places.working == 0
