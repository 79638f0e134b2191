"""One trace from the client through the ingress to a replica, without Ray's processes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

pytest.importorskip("ray")
pytest.importorskip("opentelemetry.sdk")
from prometheus_client import CollectorRegistry

from wholedoc import Library, Settings
from wholedoc.cluster.answering import AnsweringByReplicas
from wholedoc.cluster.metrics import ReplicaMetrics
from wholedoc.server.app import create_app_for
from wholedoc.server.state import Options, State
from wholedoc.storage.shelf import Shelf

from ..server.serving import log
from ..spans import Spans, collected
from .replicas import Replicas

pytestmark = pytest.mark.embedded
TRACE, CLIENT_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def spans() -> Iterator[Spans]:
    with collected() as found:
        yield found


async def asked(library: Library, body: dict[str, Any], spans: Spans) -> httpx.Response:
    """Ask the ingress, and wait until its spans have ended."""
    registry, options = CollectorRegistry(), Options(ids_in_front=True)
    answering = AnsweringByReplicas(Settings(), Replicas(library, dying=1), ReplicaMetrics(registry))  # type: ignore[arg-type]
    state = State(Shelf(library.folder), answering, options, registry)
    answering.start()
    transport = httpx.ASGITransport(create_app_for(state, options))
    headers = {"traceparent": f"00-{TRACE}-{CLIENT_SPAN}-01", "X-Request-ID": "question-7"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60) as http:
        response = await http.post("/v1/chat/completions", json=body, headers=headers)
    while len(spans.named("ask a replica")) < 2:  # the second ends when the replica has nothing more to say
        await asyncio.sleep(0.01)
    return response


@pytest.mark.parametrize("stream", [False, True])
def test_a_question_is_one_trace_from_the_client_to_the_replica(
    served_settings: Settings, tmp_path: Any, spans: Spans, stream: bool
) -> None:
    library = Library.open(tmp_path / "library", served_settings)
    path = tmp_path / "a secret name.txt"
    path.write_text(log("traced"))
    document = library.parse(path)
    content = [{"type": "file", "file": {"file_id": document.id}}, {"type": "text", "text": "How many crates?"}]
    body = {"messages": [{"role": "user", "content": content}], "stream": stream}
    response = asyncio.run(asked(library, body, spans))
    assert response.status_code == 200

    assert {f"{one.context.trace_id:032x}" for one in spans.all()} == {TRACE}
    request = spans.one("POST /v1/chat/completions")
    assert f"{request.parent.span_id:016x}" == CLIENT_SPAN
    assert dict(request.attributes) == {
        "http.request.method": "POST",
        "http.route": "/v1/chat/completions",
        "http.response.status_code": 200,
        "wholedoc.request_id": "question-7",
    }
    assert spans.children(request) == ["wait for a place", "ask a replica", "ask a replica"]
    lost, found = spans.named("ask a replica")
    assert lost.attributes["error.type"] == "RayActorError"
    assert dict(found.attributes) == {"wholedoc.replica": "replica-7", "wholedoc.warm": False}
    there = spans.one("answer")
    assert there.parent.span_id == found.context.span_id
    phases = [name for name in spans.children(there) if name != "wait for the model"]
    assert phases == ["prepare", "read", "score", "write"]
    told = dict(there.attributes)
    assert (told["wholedoc.documents"], told["wholedoc.cached_tokens"]) == (1, 0)
    assert told["wholedoc.document_tokens"] == len(library.tokenized(document))
    for word in ("crates", "secret", "Vessel", document.id, json.dumps("traced")):
        assert word not in spans.words


def test_health_and_metrics_make_no_spans(served_settings: Settings, tmp_path: Any, spans: Spans) -> None:
    library = Library.open(tmp_path / "library", served_settings)

    async def looked() -> None:
        answering = AnsweringByReplicas(Settings(), Replicas(library, dying=1), ReplicaMetrics(CollectorRegistry()))  # type: ignore[arg-type]
        app = create_app_for(State(Shelf(library.folder), answering, Options()), Options())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
            for path in ("/health", "/ready", "/metrics"):
                await http.get(path)

    asyncio.run(looked())
    assert [one.name for one in spans.all()] == []


def test_the_browser_apps_addresses_are_in_no_span(served_settings: Settings, tmp_path: Any, spans: Spans) -> None:
    """FastAPI's newest versions make spans by themselves, and the page looks for words by an address."""
    pytest.importorskip("gradio")
    from wholedoc.server.serving import Address
    from wholedoc_ui.serving.pages import pages

    library = Library.open(tmp_path / "library", served_settings)
    page = pages(library, Address(), key=None, upload_bytes=1_000_000)

    async def looked() -> None:
        answering = AnsweringByReplicas(Settings(), Replicas(library, dying=1), ReplicaMetrics(CollectorRegistry()))  # type: ignore[arg-type]
        app = create_app_for(State(Shelf(library.folder), answering, Options()), Options(), page)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http:
            assert (await http.get("/viewer/0/find?words=a-secret")).status_code == 404
            assert (await http.get("/config")).status_code in (200, 404)

    asyncio.run(looked())
    assert [one.name for one in spans.all()] == []
