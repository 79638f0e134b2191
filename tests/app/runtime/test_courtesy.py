"""Readings step aside while a person waits for the page."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from wholedoc.runtime import courtesy as module
from wholedoc.runtime.courtesy import Courtesy

WAIT_S = 20.0


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading that would wait for minutes, so that what ends its wait is never its end."""
    monkeypatch.setattr(module, "LONGEST_S", 600.0)


def step(courtesy: Courtesy) -> threading.Event:
    """Start a reading that takes one step, and return what is set when it has taken it."""
    taken = threading.Event()

    def read() -> None:
        courtesy.step_aside()
        taken.set()

    threading.Thread(target=read, daemon=True).start()
    return taken


@pytest.mark.usefixtures("patient")
def test_a_reading_goes_on_when_the_page_is_there() -> None:
    courtesy = Courtesy()
    with courtesy.first(linger_s=0.0):
        with courtesy.first(linger_s=0.0):
            taken = step(courtesy)
            assert not taken.wait(0.2)
        assert not taken.wait(0.2)  # another page is still being made
    assert taken.wait(WAIT_S)


@pytest.mark.usefixtures("patient")
def test_a_reading_stays_aside_for_what_follows() -> None:
    courtesy = Courtesy()
    with courtesy.first(linger_s=600.0):
        pass
    assert not step(courtesy).wait(0.2)


@pytest.mark.usefixtures("patient")
def test_nobody_waits_longer_for_the_model() -> None:
    courtesy = Courtesy(reads_on=lambda: True)
    with courtesy.first(linger_s=600.0), ThreadPoolExecutor(1) as pool:
        pool.submit(courtesy.step_aside).result(WAIT_S)


def test_a_reading_is_not_kept_from_going_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_S", 0.01)
    courtesy = Courtesy()
    with courtesy.first(linger_s=600.0), ThreadPoolExecutor(1) as pool:
        pool.submit(courtesy.step_aside).result(WAIT_S)


def test_a_reading_that_steps_aside_can_still_be_cancelled() -> None:
    stopped = threading.Event()
    asked = Courtesy().aside(stopped.is_set)
    assert not asked()
    stopped.set()
    assert asked()
