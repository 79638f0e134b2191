"""Bounds on what a user of the server may take: tokens a day, and bytes of files."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest

from wholedoc import Done, Library, Settings
from wholedoc.documents.texts import text_document
from wholedoc.errors import ShelfQuotaError, TokenQuotaError
from wholedoc.runtime.client import NOBODY
from wholedoc.server.posing import answer, pose
from wholedoc.server.protocol.requests import ChatRequest
from wholedoc.server.state import Options
from wholedoc.server.user_shelf import UserShelf
from wholedoc.storage.people.quota import Quota
from wholedoc.storage.people.users import User

from ..conftest import Command
from ..everywhere.documents import LOG
from ..everywhere.scripted import Ruled, extracting
from ..everywhere.test_listing import vessels
from .serving import Server, log, running, until
from .test_users import Person

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def quota_server(served_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    library = Library.open(tmp_path_factory.mktemp("quotas"), served_settings)
    with running(library, Options(has_users=True)) as server:
        server.wait_ready()
        yield server


class Bounded(Person):
    """A new user of the server with bounds of their own."""

    def __init__(self, server: Server, name: str, quota: Quota) -> None:
        self.name = name
        self.server = server
        super().__init__(server, server.library.folder.users.add(name, ("team",), quota))
        server.library.folder.users._looked = -1.0

    def bound(self, quota: Quota) -> None:
        self.server.library.folder.users.bound(self.name, quota)
        self.server.library.folder.users._looked = -1.0

    @property
    def usage(self) -> Any:
        return self.http.get("/v1/usage").json()

    @property
    def tokens(self) -> int:
        used: int = self.usage["tokens"]["used"]
        return used


def length(server: Server, id: str) -> int:
    """How many tokens a document has."""
    return len(server.library.tokenized(server.library.document(id)))


def test_a_document_counts_once_a_day_and_questions_and_answers_always(quota_server: Server) -> None:
    ann = Bounded(quota_server, "ann", Quota(1_000_000))
    id = ann.upload("counted.txt", log("counted"))["id"]
    assert ann.usage["tokens"] == {"used": 0, "limit": 1_000_000}
    first = ann.ask(id)["usage"]["completion_tokens"]
    asked = ann.tokens - length(quota_server, id) - first
    assert 0 < asked < 20  # the words of the question
    before = ann.tokens
    second = ann.ask(id)["usage"]["completion_tokens"]
    assert ann.tokens - before == asked + second


def test_what_somebody_else_had_read_counts_the_same(quota_server: Server) -> None:
    """Else the count would say that somebody else has the file."""
    text = log("that two have")
    first, second = (Bounded(quota_server, name, Quota(1_000_000)) for name in ("first", "second"))
    for person in (first, second):
        person.ask(person.upload("same.txt", text)["id"])
    assert first.tokens == second.tokens


def test_a_request_that_could_go_over_is_refused_before_its_work(quota_server: Server) -> None:
    bob = Bounded(quota_server, "bob", Quota(1_000_000))
    id = bob.upload("long.txt", log("long"))["id"]
    bob.bound(Quota(tokens_a_day=length(quota_server, id)))
    with openai.OpenAI(base_url=quota_server.api, api_key=str(bob.http.headers["Authorization"])[7:]) as client:
        content: Any = [{"type": "file", "file": {"file_id": id}}, {"type": "text", "text": "How many?"}]
        for stream in (False, True):
            with pytest.raises(openai.RateLimitError) as refused:
                client.chat.completions.create(
                    model="wholedoc", messages=[{"role": "user", "content": content}], stream=stream
                )
    told = refused.value
    assert (told.code, told.type) == ("insufficient_quota", "insufficient_quota")
    assert 0 < int(told.response.headers["retry-after"]) <= 86_400
    assert told.response.headers["x-should-retry"] == "false"
    assert bob.tokens == 0
    assert quota_server.library.folder.readings.of(id) == []  # it was not read
    assert id not in quota_server.library.held.tokens()
    bob.bound(Quota(tokens_a_day=1_000_000))
    assert bob.ask(id)["choices"]


def test_a_text_in_a_message_counts_too(quota_server: Server) -> None:
    dora = Bounded(quota_server, "dora", Quota(1_000_000))
    text = log("in a message")
    body = {"messages": [{"role": "user", "content": f"{text}\n\nHow many crates came in?"}]}
    answered = dora.http.post("/v1/chat/completions", json=body).json()["usage"]["completion_tokens"]
    document = len(quota_server.library.tokenized(text_document(text)))
    assert 0 < dora.tokens - document - answered < 20


def test_a_question_to_every_part_counts_its_documents_again(settings: Settings, tmp_path: Path) -> None:
    writer = Ruled(extracting(vessels))
    library = Library.open(settings=settings, writer=writer)
    path = tmp_path / "log.txt"
    path.write_text("\f".join(page.text for page in LOG.pages))
    shelf = UserShelf(library, library.folder.shelves, User("ann"))
    document = shelf.parse(path)
    length = len(library.tokenized(document))
    content = [{"type": "file", "file": {"file_id": document.id}}, {"type": "text", "text": "Which vessels?"}]
    body = {"messages": [{"role": "user", "content": content}], "everywhere": True, "max_tokens": 5}
    posed = pose(shelf, ChatRequest.model_validate(body))
    library.folder.users.bound_everybody(Quota(tokens_a_day=2 * length))
    library.folder.users._looked = -1.0
    with pytest.raises(TokenQuotaError):
        next(answer(library, posed, NOBODY, lambda: False))
    assert writer.told == []
    library.folder.users.bound_everybody(Quota(tokens_a_day=2 * length + 100))
    library.folder.users._looked = -1.0
    *_, done = answer(library, posed, NOBODY, lambda: False)
    assert isinstance(done, Done)
    asked = library.folder.tokens.used("ann") - 2 * length - done.answer.usage.answer_tokens
    assert 0 < asked < 10


def test_what_fails_counts_nothing(quota_server: Server) -> None:
    eve = Bounded(quota_server, "eve", Quota(1_000_000))
    id = eve.upload("failing.txt", log("failing"))["id"]
    content = [{"type": "file", "file": {"file_id": id}}, {"type": "text", "text": " "}]
    refused = eve.http.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": content}]})
    assert refused.json()["error"]["code"] == "invalid_question"
    assert eve.tokens == 0


def test_who_leaves_in_the_middle_pays_for_what_was_written(quota_server: Server) -> None:
    gus = Bounded(quota_server, "gus", Quota(1_000_000))
    library = quota_server.library
    id = gus.upload("left.txt", log("left"))["id"]
    asked = ChatRequest.model_validate(
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "file", "file": {"file_id": id}}, {"type": "text", "text": "?"}],
                }
            ]
        }
    )
    shelf = UserShelf(library, library.folder.shelves, User("gus"))
    posed = pose(shelf, asked)
    events = answer(library, posed, NOBODY, lambda: False)
    next(events)
    assert gus.tokens > length(quota_server, id) + 1  # the longest answer is set aside
    events.close()
    assert gus.tokens == length(quota_server, id) + 1
    # A request that is tried again, since its replica died, counts once.
    *_, done = answer(library, posed, NOBODY, lambda: False)
    assert isinstance(done, Done)
    assert gus.tokens == length(quota_server, id) + 2 + done.answer.usage.answer_tokens


def test_a_reading_counts_for_who_asked_for_it(quota_server: Server) -> None:
    hal = Bounded(quota_server, "hal", Quota(10))
    id = hal.upload("background.txt", log("background"))["id"]
    path = f"/v1/files/{id}/reading"
    assert hal.http.post(path).status_code == 202
    until(lambda: hal.http.get(path).json()["status"] == "failed")
    assert "that you have for a day" in hal.http.get(path).json()["error"]
    hal.bound(Quota(tokens_a_day=1_000_000))
    hal.http.post(path)
    until(lambda: hal.http.get(path).json()["status"] == "done")
    assert hal.tokens == length(quota_server, id)
    hal.bound(Quota(tokens_a_day=1))
    assert hal.http.post(path).json()["error"]["code"] == "insufficient_quota"


def test_files_beyond_the_bound_are_refused_untouched(
    quota_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    ida = Bounded(quota_server, "ida", Quota(bytes=3000))
    kept = ida.upload("small.txt", "x" * 2000)
    parsed: list[object] = []
    monkeypatch.setattr(quota_server.library, "parse", parsed.append)
    refused = ida.upload("large.txt", "y" * 2000)
    assert (refused["error"]["code"], refused["error"]["type"]) == (
        "storage_quota_exceeded",
        "invalid_request_error",
    )
    assert parsed == []
    monkeypatch.undo()
    assert ida.upload("again.txt", "x" * 2000)["id"] == kept["id"]  # which takes no more
    assert ida.usage["bytes"] == {"used": 2000, "limit": 3000}
    ida.http.delete(f"/v1/files/{kept['id']}")
    assert ida.upload("large.txt", "y" * 2000)["bytes"] == 2000


def test_a_file_on_a_shared_shelf_is_its_uploaders(quota_server: Server) -> None:
    jan, kai = (Bounded(quota_server, name, Quota(bytes=5000)) for name in ("jan", "kai"))
    text = "z" * 4000
    jan.upload("ours.txt", text, shelf="team")
    kai.upload("ours too.txt", text, shelf="team")
    assert (jan.usage["bytes"]["used"], kai.usage["bytes"]["used"]) == (4000, 0)
    kai.upload("mine.txt", text)
    jan.upload("mine too.txt", text)  # which jan has already
    assert (jan.usage["bytes"]["used"], kai.usage["bytes"]["used"]) == (4000, 4000)


def test_uploads_at_the_same_time_cannot_go_over_together(quota_server: Server) -> None:
    lou = Bounded(quota_server, "lou", Quota(bytes=2500))
    library = quota_server.library
    gate = threading.Barrier(4)

    def upload(n: int) -> bool:
        path = library.folder.path / f"{n}.txt"
        path.write_text(f"{n}" * 1000)
        shelf = UserShelf(library, library.folder.shelves, User("lou"))
        gate.wait()
        try:
            shelf.parse(path)
        except ShelfQuotaError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(upload, range(4)))
    assert sum(kept) == 2
    assert lou.usage["bytes"]["used"] == 2000
    assert len(list((library.folder.path / "shelves" / "user-lou").iterdir())) == 2


def test_without_users_nobodys_tokens_are_counted(server: Server) -> None:
    assert server.http.get("/v1/usage").json()["error"]["code"] == "no_users"
    server.ask("Who are you?")
    assert not (server.library.folder.path / "usage").exists()


def test_the_command_sets_and_shows_bounds(wholedoc: Command, tmp_path: Path) -> None:
    assert wholedoc("users", "quota", "--everybody", "--tokens-a-day", "500", "--bytes", "900")[0] == 0
    wholedoc("users", "add", "ann")
    wholedoc("users", "add", "bob", "--bytes", "100")
    assert wholedoc("users", "list")[1].splitlines() == [
        "ann: 0 of 500 tokens today, 0 of 900 bytes of files",
        "bob: 0 of 500 tokens today, 0 of 100 bytes of files",
    ]
    assert wholedoc("users", "quota", "bob", "--tokens-a-day", "7", "--reset")[0] == 0
    wholedoc("users", "quota", "--everybody", "--reset")
    shown = json.loads(wholedoc("users", "list", "--json")[1])["users"]
    assert [(one["tokens_a_day"], one["bytes"]) for one in shown] == [(None, None), (7, None)]
    assert wholedoc("users", "quota", "nobody", "--bytes", "1")[0] == 2
    assert wholedoc("users", "quota", "--bytes", "1")[0] == 2
    assert wholedoc("users", "quota", "ann", "--everybody")[0] == 2
