"""The server keeps to its own OpenAPI document, whatever is sent to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("schemathesis")

from wholedoc import Settings

from .serving import Server
from .test_limits import another

pytestmark = pytest.mark.embedded
# Some requests that fit the schema are refused all the same: a question may not be empty, for instance.
SCHEMATHESIS = ["--max-examples", "10", "--seed", "1", "--no-color", "--exclude-checks", "positive_data_acceptance"]


@pytest.fixture
def schema(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = server.http.get("/openapi.json").json()
    return found


def test_schemathesis_finds_nothing_wrong(server: Server, settings: Settings, tmp_path: Path) -> None:
    """There is no server error, no response that the document does not name, and no access without the key."""
    with another(server, settings, key="sesame") as one:
        program = "from schemathesis.cli import schemathesis; schemathesis()"
        url = f"{one.url}/openapi.json"
        command = [sys.executable, "-c", program, "run", url, "-H", "Authorization: Bearer sesame", *SCHEMATHESIS]
        found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
        assert found.returncode == 0, found.stdout + found.stderr
        assert "Tested: 16" in found.stdout
        assert one.http.get("/health").json()["status"] == "ready"


def test_the_document_has_all_routes_and_says_how_they_fail(schema: dict[str, Any]) -> None:
    assert {f"{method} {path}" for path, methods in schema["paths"].items() for method in methods} == {
        "post /v1/chat/completions",
        "post /v1/files",
        "get /v1/files",
        "get /v1/files/{file_id}",
        "delete /v1/files/{file_id}",
        "get /v1/files/{file_id}/content",
        "post /v1/files/{file_id}/reading",
        "get /v1/files/{file_id}/reading",
        "delete /v1/files/{file_id}/reading",
        "post /v1/web_pages",
        "get /v1/usage",
        "get /v1/models",
        "get /v1/models/{model}",
        "get /health",
        "get /ready",
        "get /metrics",
    }
    for methods in schema["paths"].values():
        for operation in methods.values():
            assert "422" not in operation["responses"]
            refused = operation["responses"]["400"]["content"]["application/json"]["schema"]
            assert refused == {"$ref": "#/components/schemas/ErrorBody"}
    chat = schema["paths"]["/v1/chat/completions"]["post"]["responses"]
    assert set(chat["200"]["content"]) == {"application/json", "text/event-stream"}
    assert {"404", "429", "500", "503", "507"} <= set(chat)


def test_texts_may_be_plain_or_in_parts(schema: dict[str, Any]) -> None:
    message = schema["components"]["schemas"]["ChatMessage"]["properties"]["content"]
    assert [one.get("type") for one in message["anyOf"]] == ["string", "array", "null"]
    stop = schema["components"]["schemas"]["ChatRequest"]["properties"]["stop"]
    assert [one.get("type") for one in stop["anyOf"]] == ["string", "array", "null"]


def test_a_key_is_in_the_document_where_one_is_wanted(
    server: Server, settings: Settings, schema: dict[str, Any]
) -> None:
    assert "securitySchemes" not in schema["components"]
    with another(server, settings, key="sesame") as one:
        guarded = one.http.get("/openapi.json").json()
    assert guarded["components"]["securitySchemes"]["key"] == {"type": "http", "scheme": "bearer"}
    for path, methods in guarded["paths"].items():
        for operation in methods.values():
            assert ("security" in operation) == (path not in ("/health", "/ready"))
            assert ("401" in operation["responses"]) == (path not in ("/health", "/ready"))


def test_a_method_that_a_path_does_not_take(server: Server) -> None:
    refused = server.http.put("/v1/files")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")
    assert refused.json()["error"]["code"] == "method_not_allowed"
    missing = server.http.get("/v1/nothing")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
