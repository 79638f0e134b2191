"""Traces by OpenTelemetry, where it is installed: what a request was at work with, in all processes on its way.

Without the package `opentelemetry-api` nothing here does anything. Spans have numbers and names of ours as
attributes: never words of documents, questions or answers, and of an error its type alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry import trace

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
SERVICE_NAME = "OTEL_SERVICE_NAME"
TRACEPARENT = "traceparent"
TRACER = "wholedoc"
Attribute = str | int | float | bool


class Side(Enum):
    """Which side of a call between processes a span is on."""

    NEITHER = auto()
    CALLED = auto()
    CALLING = auto()


class Span:
    """A span that is open; without OpenTelemetry it is none."""

    def __init__(self, span: trace.Span | None = None) -> None:
        self._span = span

    def tell(self, attributes: Mapping[str, Attribute]) -> None:
        """Add attributes."""
        if self._span is not None:
            self._span.set_attributes(dict(attributes))

    def rename(self, name: str) -> None:
        """Give it another name."""
        if self._span is not None:
            self._span.update_name(name)

    def fail(self, error: str) -> None:
        """Say that it failed, by the type of the error."""
        if self._span is not None:
            from opentelemetry.trace import StatusCode

            self._span.set_status(StatusCode.ERROR)
            self._span.set_attribute("error.type", error)

    @property
    def traceparent(self) -> str | None:
        """What another process needs to go on with the trace, as W3C's header has it; None if there is no trace."""
        if self._span is None:
            return None
        from opentelemetry.trace import set_span_in_context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier, set_span_in_context(self._span))
        return carrier.get(TRACEPARENT)


@contextmanager
def span(
    name: str,
    attributes: Mapping[str, Attribute] | None = None,
    *,
    side: Side = Side.NEITHER,
    parent: str | None = None,
) -> Iterator[Span]:
    """Open a span for the block, under which those are that are opened in it. `parent` is another's traceparent.

    It must be left where it was entered: not in an asynchronous generator, which several tasks may run.
    """
    with aside(name, attributes, side=side, parent=parent) as opened:
        if opened._span is None:
            yield opened
            return
        from opentelemetry.trace import use_span

        with use_span(opened._span, record_exception=False, set_status_on_exception=False):
            yield opened


@contextmanager
def aside(
    name: str,
    attributes: Mapping[str, Attribute] | None = None,
    *,
    side: Side = Side.NEITHER,
    parent: str | None = None,
) -> Iterator[Span]:
    """Open a span for the block under which no others are, wherever the block is left."""
    if not _is_installed():
        yield Span()
        return
    opened = Span(_start(name, attributes, side, parent))
    try:
        yield opened
    except BaseException as error:
        if isinstance(error, Exception):  # else somebody went away, or the program ends
            opened.fail(type(error).__name__)
        raise
    finally:
        assert opened._span is not None
        opened._span.end()


def past(
    name: str, began_ns: int, ended_ns: int | None = None, attributes: Mapping[str, Attribute] | None = None
) -> None:
    """Add a span for what is over already. Times are in nanoseconds since 1970; without an end it ended now."""
    if _is_installed():
        _start(name, attributes, Side.NEITHER, None, began_ns).end(ended_ns or time.time_ns())


def export(service: str, notify: Callable[[str], None]) -> None:
    """Send all spans of this process to the collector that OpenTelemetry's own variables name, if they name one.

    The process is called `service` there unless the environment names it.
    """
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError:
        notify(f'{ENDPOINTS[1]} is set, and no traces are sent: pip install "wholedoc[traces]"')
        return
    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return  # whoever runs this program has chosen where spans go
    provider = TracerProvider(
        resource=Resource.create({} if SERVICE_NAME in os.environ else {"service.name": service})
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


@cache
def _is_installed() -> bool:
    return find_spec("opentelemetry") is not None and find_spec("opentelemetry.trace") is not None


def _start(
    name: str,
    attributes: Mapping[str, Attribute] | None,
    side: Side,
    parent: str | None,
    began_ns: int | None = None,
) -> trace.Span:
    from opentelemetry.trace import SpanKind, get_tracer
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    kinds = {Side.NEITHER: SpanKind.INTERNAL, Side.CALLED: SpanKind.SERVER, Side.CALLING: SpanKind.CLIENT}
    context = None if parent is None else TraceContextTextMapPropagator().extract({TRACEPARENT: parent})
    return get_tracer(TRACER).start_span(
        name, context, kinds[side], attributes=dict(attributes or {}), start_time=began_ns
    )
