"""Spans: how they hang together, and that nothing happens without OpenTelemetry."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

pytest.importorskip("opentelemetry.sdk")
from wholedoc.runtime import tracing
from wholedoc.runtime.turns import Turns

from ..spans import Spans, collected

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> Iterator[Spans]:
    with collected() as found:
        yield found


def test_spans_go_on_with_another_processs_trace(spans: Spans) -> None:
    with tracing.span("outer", {"n": 1}, parent=PARENT, side=tracing.Side.CALLED) as outer:
        outer.tell({"more": True})
        with tracing.aside("beside"), tracing.span("inner"):
            tracing.past("before", 1, 2)
        told = outer.traceparent
    one = spans.one("outer")
    assert f"{one.context.trace_id:032x}" in PARENT
    assert f"{one.parent.span_id:016x}" in PARENT
    assert told == f"00-{one.context.trace_id:032x}-{one.context.span_id:016x}-01"
    assert dict(one.attributes) == {"n": 1, "more": True}
    assert spans.children(one) == ["beside", "inner"]
    assert spans.children(spans.one("inner")) == ["before"]


def test_of_an_error_its_type_alone_is_told(spans: Spans) -> None:
    with pytest.raises(ValueError, match="secret"), tracing.span("failing"):
        raise ValueError("a secret word")
    assert dict(spans.one("failing").attributes) == {"error.type": "ValueError"}
    assert not spans.one("failing").status.is_ok
    assert "secret" not in spans.words


@pytest.mark.parametrize("parent", ["", "nonsense", "00-0-0-00", PARENT * 50])
def test_what_is_no_traceparent_begins_a_new_trace(spans: Spans, parent: str) -> None:
    with tracing.span("new", parent=parent):
        pass
    assert spans.one("new").parent is None


def test_waiting_for_the_model_shows_if_it_takes_long(spans: Spans, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns()
    list(turns.steps(iter_of(3)))
    waited = len(spans.named("wait for the model"))
    assert waited <= 3  # where the machine is slow
    monkeypatch.setattr("wholedoc.runtime.turns.TOLD_NS", 0)
    with turns.take():
        pass
    assert len(spans.named("wait for the model")) == waited + 1


def iter_of(steps: int) -> Iterator[int]:
    yield from range(steps)


WITHOUT = """
import sys
sys.modules["opentelemetry"] = None
from wholedoc.runtime import tracing
with tracing.span("a", {"n": 1}, parent="x") as one, tracing.aside("b"):
    one.tell({"n": 2}); one.rename("c"); one.fail("d"); tracing.past("e", 1)
    print(one.traceparent)
tracing.export("wholedoc", print)
import os
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1"
tracing.export("wholedoc", print)
"""


def test_without_the_library_nothing_happens_and_who_wants_traces_is_told() -> None:
    said = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == [
        "None",
        'OTEL_EXPORTER_OTLP_ENDPOINT is set, and no traces are sent: pip install "wholedoc[traces]"',
    ]
