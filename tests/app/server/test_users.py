"""A server with users: each has a key and a shelf, and learns nothing of what others have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from wholedoc import Library, Settings
from wholedoc.errors import UserError
from wholedoc.server.state import Options
from wholedoc.storage.people.users import User, Users

from ..conftest import Command
from .serving import Server, log, running

pytestmark = pytest.mark.embedded


class Person:
    """A user of the server, with their key."""

    def __init__(self, server: Server, key: str) -> None:
        self.http = httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=60)

    def upload(self, name: str, text: str, **form: str) -> Any:
        files = {"file": (name, text.encode())}
        return self.http.post("/v1/files", files=files, data={"purpose": "user_data", **form}).json()

    def sees(self) -> list[str]:
        return [one["filename"] for one in self.http.get("/v1/files").json()["data"]]

    def ask(self, id: str | None, model: str = "wholedoc") -> Any:
        text: list[Any] = [{"type": "text", "text": "How many crates came in?"}]
        content = text if id is None else [{"type": "file", "file": {"file_id": id}}, *text]
        body = {"model": model, "messages": [{"role": "user", "content": content}]}
        return self.http.post("/v1/chat/completions", json=body).json()


@pytest.fixture(scope="module")
def users_server(served_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    library = Library.open(tmp_path_factory.mktemp("users"), served_settings)
    with running(library, Options(has_users=True)) as server:
        server.wait_ready()
        yield server


@pytest.fixture
def people(users_server: Server) -> tuple[Person, Person, Person]:
    """Ann and Bob share a shelf; Carl is alone."""
    users = users_server.library.folder.users
    users._looked = -1.0
    shelves = {"ann": ("team",), "bob": ("team",), "carl": ()}
    ann, bob, carl = (Person(users_server, users.add(name, shared)) for name, shared in shelves.items())
    return ann, bob, carl


def test_without_a_key_of_a_user_nobody_comes_in(users_server: Server, people: tuple[Person, ...]) -> None:
    for key in ("x", "wd-wrong", "ann"):
        answer = Person(users_server, key).http.get("/v1/files")
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
    assert users_server.http.get("/health").status_code == 200


def test_users_see_their_own_and_shared_documents(people: tuple[Person, ...]) -> None:
    ann, bob, carl = people
    own = ann.upload("hers.txt", log("hers"))["id"]
    shared = ann.upload("ours.txt", log("ours"), shelf="team")["id"]
    assert (ann.sees(), bob.sees(), carl.sees()) == (["ours.txt", "hers.txt"], ["ours.txt"], [])
    assert bob.ask(shared)["choices"]
    for other in (bob, carl):
        unknown = other.http.get(f"/v1/files/{'0' * 64}").json()["error"]
        for path in (f"/v1/files/{own}", f"/v1/files/{own}/content", f"/v1/files/{own}/reading"):
            assert other.http.get(path).json()["error"] == {
                **unknown,
                "message": unknown["message"].replace("0" * 64, own),
            }
        assert other.ask(own)["error"]["code"] == "file_not_found"
        assert other.http.delete(f"/v1/files/{own}").status_code == 404
    assert carl.upload("x.txt", "x", shelf="team")["error"]["param"] == "shelf"
    for person, id in ((ann, own), (bob, shared)):
        person.http.delete(f"/v1/files/{id}")


def test_who_uploads_what_another_has_does_not_learn_it(users_server: Server, people: tuple[Person, ...]) -> None:
    ann, _, carl = people
    text = log("a file that two have")
    id = ann.upload("the first name.txt", text)["id"]
    ann.ask(id)  # now it is read
    mine = carl.upload("another name.txt", text)
    assert (mine["id"], mine["filename"]) == (id, "another name.txt")
    answer = carl.ask(id)
    assert answer["usage"]["prompt_tokens_details"]["cached_tokens"] == 0
    assert answer["timings"]["cache_n"] == 0
    assert "the first name" not in json.dumps(answer)
    assert {one["file_citation"]["filename"] for one in answer["choices"][0]["message"]["annotations"]} <= {
        "another name.txt"
    }
    # What one deletes the other keeps; when nobody has it, it is gone.
    assert carl.http.delete(f"/v1/files/{id}").status_code == 200
    assert (carl.sees(), ann.sees()) == ([], ["the first name.txt"])
    assert users_server.library.folder.known(id) is not None
    ann.http.delete(f"/v1/files/{id}")
    assert users_server.library.folder.known(id) is None


def test_the_whole_shelf_is_the_users_own(people: tuple[Person, ...]) -> None:
    ann, _, carl = people
    id = ann.upload("secret.txt", log("secret"))["id"]
    ann.ask(id)
    assert carl.ask(None, "wholedoc-shelf")["error"]["code"] == "invalid_value"
    found = ann.ask(None, "wholedoc-shelf")
    assert {one["file_citation"]["file_id"] for one in found["choices"][0]["message"]["annotations"]} <= {id}
    ann.http.delete(f"/v1/files/{id}")


def test_a_removed_user_is_refused_within_a_second(users_server: Server, people: tuple[Person, ...]) -> None:
    users = users_server.library.folder.users
    users.remove("carl")
    users._looked = -1.0
    assert people[2].http.get("/v1/files").status_code == 401
    assert people[0].http.get("/v1/files").status_code == 200


def test_keys_are_kept_as_hashes_alone(tmp_path: Path) -> None:
    users = Users(tmp_path / "users.json")
    first, second = users.add("ann"), users.add("ann")
    assert first != second
    assert first not in users.path.read_text()
    assert second not in users.path.read_text()
    assert (users.path.stat().st_mode & 0o077) == 0
    assert [user.name for user in users.all()] == ["ann"]
    assert users.of(first) is None
    for name in ("../x", "", "A b", "x" * 65):
        with pytest.raises(UserError):
            users.add(name)
    users.path.write_text("{}")
    with pytest.raises(UserError, match="damaged"):
        users.all()


def test_a_new_key_leaves_shelves_as_they_are_unless_others_are_named(tmp_path: Path) -> None:
    users = Users(tmp_path / "users.json")
    users.add("ann", ("team",))
    users.add("ann")
    assert users.all() == [User("ann", ("team",))]
    users.add("ann", ("legal",))
    assert users.all() == [User("ann", ("legal",))]


def test_the_command_adds_shows_and_removes_users(wholedoc: Command) -> None:
    code, key, _ = wholedoc("users", "add", "ann", "--shelf", "team")
    assert (code, key[:3]) == (0, "wd-")
    assert wholedoc("users", "list")[1] == "ann (team): 0 tokens today, 0 bytes of files\n"
    assert wholedoc("users", "remove", "ann")[0] == 0
    assert wholedoc("users", "remove", "ann")[0] == 2
    assert wholedoc("serve", "--users", "--key", "x")[0] == 2
    assert wholedoc("serve", "--user-header", "X-Forwarded-User")[0] == 2


def test_every_request_is_in_the_audit_log_without_its_words(
    users_server: Server, people: tuple[Person, ...]
) -> None:
    ann, _, carl = people
    id = ann.upload("audited.txt", log("audited"))["id"]
    ann.http.headers["X-Request-ID"] = "from-the-client.1"
    ann.ask(id)
    carl.http.delete(f"/v1/files/{id}")
    Person(users_server, "wd-wrong").http.get("/v1/files")
    last = users_server.library.folder.audit.entries()[-4:]
    assert [(one["user"], one["method"], one["route"], one["status"]) for one in last] == [
        ("ann", "POST", "/v1/files", 200),
        ("ann", "POST", "/v1/chat/completions", 200),
        ("carl", "DELETE", "/v1/files/{file_id}", 404),
        ("", "GET", "other", 401),
    ]
    assert [one["documents"] for one in last] == [[id], [id], [id], []]
    assert last[1]["request_id"] == "from-the-client.1"
    written = "".join(path.read_text() for path in (users_server.library.folder.path / "audit").iterdir())
    assert "crates" not in written
    ann.http.delete(f"/v1/files/{id}")


@pytest.mark.parametrize("given", ["", "one two", "x" * 65, "<b>"])
def test_a_request_has_an_id_which_its_answer_repeats(server: Server, given: str) -> None:
    kept = server.http.get("/health", headers={"X-Request-ID": "abc-1"}).headers["x-request-id"]
    made = server.http.get("/health", headers={"X-Request-ID": given}).headers["x-request-id"]
    assert kept == "abc-1"
    assert len(made) == 32


def test_a_server_in_front_names_the_users(served_settings: Settings, tmp_path: Path) -> None:
    """As a proxy does that speaks OpenID Connect: it has the key, and its users have none."""
    library = Library.open(tmp_path / "front", served_settings)
    library.folder.users.add("ann@example.org", ("team",))
    with running(library, Options("the proxy's", has_users=True, user_header="X-Forwarded-User")) as server:
        server.wait_ready()
        people = {
            name: Person(server, "the proxy's") for name in ("ann@example.org", "Bob@example.org", "../x", "")
        }
        for name, person in people.items():
            person.http.headers["X-Forwarded-User"] = name
        ann, bob, strange, nobody = people.values()
        ann.upload("hers.txt", log("front"), shelf="team")
        bob.upload("his.txt", log("front too"))
        assert (ann.sees(), bob.sees()) == (["hers.txt"], ["his.txt"])
        assert {one.http.get("/v1/files").status_code for one in (strange, nobody)} == {401}
        ann.http.headers["Authorization"] = "Bearer guessed"
        assert ann.http.get("/v1/files").status_code == 401
