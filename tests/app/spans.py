"""What tests see of OpenTelemetry's spans: all that ended, by their names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Spans:
    """The spans that ended since the beginning of a test."""

    def __init__(self, exporter: Any) -> None:
        self._exporter = exporter

    def all(self) -> list[Any]:
        return list(self._exporter.get_finished_spans())

    def named(self, name: str) -> list[Any]:
        return [one for one in self.all() if one.name == name]

    def one(self, name: str) -> Any:
        (only,) = self.named(name)
        return only

    def children(self, parent: Any) -> list[str]:
        """The names of the spans below another one, in the order in which they began."""
        below = [one for one in self.all() if one.parent and one.parent.span_id == parent.context.span_id]
        return [one.name for one in sorted(below, key=lambda one: int(one.start_time))]

    @property
    def words(self) -> str:
        """All that the spans say."""
        return json.dumps([[one.name, dict(one.attributes), [str(e) for e in one.events]] for one in self.all()])


@contextmanager
def collected() -> Iterator[Spans]:
    """Collects the spans of this process, whose provider stays for the tests after this one."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    exporter = InMemorySpanExporter()
    processor = SimpleSpanProcessor(exporter)
    provider.add_span_processor(processor)
    try:
        yield Spans(exporter)
    finally:
        processor.shutdown()
