"""The tools that other assistants use, by the SDK's own client: in this process, over stdio, and over HTTP."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from wholedoc import Library, Settings
from wholedoc.storage.home import home

pytest.importorskip("mcp")

from mcp import Client
from mcp.client.stdio import StdioServerParameters

from wholedoc.mcp.tools import server_of
from wholedoc.webpages import PageLimits

from ..conftest import SAMPLES, Command
from ..everywhere.scripted import Ruled
from ..processes import start
from ..webpages.site import running

NOTICE = SAMPLES / "short_notice.pdf"
TOOLS = ["add_document", "ask", "ask_everywhere", "list_documents", "summarise"]
Use = Callable[[Client], Awaitable[Any]]


def using(server: Any, use: Use) -> Any:
    """What `use` returns with a client of the server."""

    async def run() -> Any:
        async with Client(server) as client:
            return await use(client)

    return asyncio.run(asyncio.wait_for(run(), 120))


def text_of(result: Any) -> str:
    return " ".join(part.text for part in result.content)


@pytest.fixture
def notice(library: Library) -> Library:
    """A library with one document."""
    library.parse(NOTICE)
    return library


def test_the_tools_are_listed_with_the_schema_of_their_answers(library: Library) -> None:
    async def use(client: Client) -> Any:
        return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in using(server_of(library, None), use)}
    assert sorted(tools) == TOOLS
    assert "citations" in tools["ask"].output_schema["properties"]
    assert "Word (.docx)" in tools["add_document"].description
    assert all(tool.description and "context" not in tool.input_schema["properties"] for tool in tools.values())


@pytest.mark.usefixtures("always_cites")
def test_a_document_is_added_and_asked_and_every_quote_is_in_it(library: Library) -> None:
    told: list[tuple[float, float | None, str | None]] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    async def use(client: Client) -> Any:
        added = await client.call_tool("add_document", {"path": str(NOTICE)}, progress_callback=heard)
        listed = await client.call_tool("list_documents", {})
        question = {"question": "Which radio channel should a yacht use?", "documents": [NOTICE.name]}
        return added, listed, await client.call_tool("ask", question, progress_callback=heard)

    added, listed, asked = using(server_of(library, None), use)
    assert not added.is_error, text_of(added)
    (document,) = listed.structured_content["documents"]
    assert document == added.structured_content
    assert (document["name"], document["pages"]) == (NOTICE.name, 5)
    assert document["tokens"] > 0
    assert not asked.is_error, text_of(asked)
    answer = asked.structured_content
    assert answer["citations"]
    pages = library.document(document["id"]).pages
    for number, one in enumerate(answer["citations"], 1):
        assert one["number"] == number
        assert one["quote"] in pages[one["page"] - 1].text
        assert one["page_label"] == pages[one["page"] - 1].label
    assert " ".join("".join(one["text"] for one in answer["sentences"]).split()) in " ".join(
        answer["answer"].split()
    )
    assert any("reading short_notice.pdf" in (message or "") for _, _, message in told)
    assert all(0 <= progress <= (total or 0) for progress, total, _ in told)


def test_every_part_is_asked_and_summarised_where_a_model_can_write(notice: Library) -> None:
    (document,) = notice.documents()
    written = notice.with_writer(Ruled(lambda message: "Nothing."))

    async def use(client: Client) -> Any:
        documents = [document.id[:12]]
        everywhere = {"question": "List all radio channels", "documents": documents}
        return await client.call_tool("ask_everywhere", everywhere), await client.call_tool(
            "summarise", {"documents": documents}
        )

    listed, summary = using(server_of(written, None), use)
    assert not listed.is_error, text_of(listed)
    assert listed.structured_content["parts_asked"] > 0
    assert listed.structured_content["count"] == 0
    assert not summary.is_error, text_of(summary)
    refused, _ = using(server_of(notice, None), use)
    assert refused.is_error
    assert "model" in text_of(refused)


def test_what_a_person_can_cause_is_one_sentence(notice: Library, tmp_path: Path) -> None:
    (tmp_path / "empty.docx").write_bytes(b"")

    async def use(client: Client) -> Any:
        return [
            await client.call_tool("ask", {"question": "?", "documents": ["nothing.pdf"]}),
            await client.call_tool("add_document", {"path": str(tmp_path / "empty.docx")}),
            await client.call_tool("ask", {"question": "", "documents": [NOTICE.name]}),
            await client.call_tool("ask", {"question": "Who?", "documents": []}),
        ]

    results = using(server_of(notice, None), use)
    assert all(result.is_error for result in results)
    assert "see list_documents" in text_of(results[0])
    assert "empty.docx is empty (0 bytes)" in text_of(results[1])
    assert not any("Traceback" in text_of(result) for result in results)


def test_files_are_added_from_the_folders_alone(library: Library, tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    for folder in (inside, outside):
        (folder / "a.txt").write_text("The keeper's café closed at six.")
    (inside / "link.txt").symlink_to(outside / "a.txt")

    async def use(client: Client) -> Any:
        paths = [inside / "a.txt", outside / "a.txt", inside / "link.txt", inside / ".." / "out" / "a.txt"]
        return [await client.call_tool("add_document", {"path": str(path)}) for path in paths]

    allowed, *refused = using(server_of(library, [inside]), use)
    assert not allowed.is_error, text_of(allowed)
    assert all("cannot be added: files are added from" in text_of(result) for result in refused)
    (nowhere, *_) = using(server_of(library, []), use)
    assert "--folder" in text_of(nowhere)


def test_a_web_page_is_added_where_that_is_allowed(library: Library) -> None:
    with running() as site:
        site.page("/lamp", b"<html><body><p>The keeper lit the lamp at six.</p></body></html>")

        async def use(client: Client) -> Any:
            return await client.call_tool("add_web_page", {"address": site.url("/lamp")})

        added = using(server_of(library, None, PageLimits(private=True)), use)
        assert not added.is_error, text_of(added)
        assert "lit the lamp" in library.document(added.structured_content["id"]).text
        public = using(server_of(library, None, PageLimits()), use)
        assert public.is_error
        assert "127.0.0.1" in text_of(public)
        assert [path for path, _ in site.requests] == ["/lamp"]
        assert using(server_of(library, None), use).is_error  # the tools are listed above: there is none for it


def environment() -> dict[str, str]:
    paths = os.pathsep.join(path for path in sys.path if path)
    return {"PYTHONPATH": paths, "WHOLEDOC_HOME": str(home()), "PATH": os.environ["PATH"], "HOME": str(home())}


def test_it_is_served_over_standard_input_and_output(tiny_model: Path, settings: Settings) -> None:
    arguments = ["-m", "wholedoc", "mcp", "--model", str(tiny_model), "--dtype", "fp32"]
    command = StdioServerParameters(command=sys.executable, args=arguments, env=environment())

    async def use(client: Client) -> Any:
        await client.call_tool("add_document", {"path": str(NOTICE)})
        return await client.call_tool("list_documents", {})

    (document,) = using(command, use).structured_content["documents"]
    assert document["name"] == NOTICE.name


def test_it_is_served_over_http_to_this_machine(tiny_model: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = tmp_path / "said.txt"
    server = start(["mcp", "--http", str(port), "--model", tiny_model], said).process

    async def use(client: Client) -> Any:
        return await client.call_tool("add_document", {"path": str(NOTICE)})

    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.is_alive()
            time.sleep(0.1)
        refused = using(f"http://127.0.0.1:{port}/mcp", use)
        assert "--folder" in text_of(refused)
        assert "failed" not in said.read_text()  # the assistant is told, and the terminal is not
        import httpx

        foreign = httpx.post(f"http://127.0.0.1:{port}/mcp", headers={"Host": "evil.example"}, json={})
        assert foreign.status_code in (403, 421)
    finally:
        server.terminate()
        server.join(20)


def test_without_the_extra_the_command_says_how_to_install_it(
    wholedoc: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["wholedoc.cli.serving.mcp"], "find_spec", lambda name: None)
    code, _, err = wholedoc("mcp")
    assert code == 2
    assert 'pip install "wholedoc[mcp]"' in err
