"""An encrypted library: it does all that one in the clear does, and no word of it is on the disk."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from parallelcomp import HostKV, KVWay
from wholedoc import Answer, AskedDocument, Library, Planned, Settings
from wholedoc.answer import Introduction, SummarySection, SummarySentence
from wholedoc.documents.rendering import render_page
from wholedoc.errors import EncryptionError
from wholedoc.storage.conversations import ConversationHead, KeptConversation, KeptExchange, new_id
from wholedoc.storage.files.sealing import KEY_VARIABLE
from wholedoc.storage.home import home
from wholedoc.storage.jobs import Job, JobState
from wholedoc.storage.people.shelves import Placed
from wholedoc.storage.watched import WatchedFile, WatchedFolder

from .conftest import SAMPLES, Command

pytestmark = pytest.mark.embedded
KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.b64encode(bytes(32)).decode()
# Words of the document, of its name, of the question, of notes, and of a folder.
WORDS = ("zanzibarite", "quokkabook", "whereaboutsfoo", "noteworthyfoo", "watchedfoo")
QUESTION = "What are the whereaboutsfoo of the zanzibarite?"


@pytest.fixture
def encrypted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    return Library.open(settings=settings)


def write(folder: Path, name: str = "quokkabook.txt", entries: int = 60) -> Path:
    path = folder / name
    path.write_text("\n\n".join(f"Entry {n} of {name}. {n * 13} crates of zanzibarite." for n in range(entries)))
    return path


def use(library: Library, folder: Path) -> Answer:
    """Do everything that writes words into a library's folder. Returns the answer to a question."""
    info = library.add(write(folder))
    library.remember("A text of a program about zanzibarite. " * 3)
    answer = library.ask([info.id], QUESTION)
    asked = AskedDocument(info.id, info.name)
    head = ConversationHead(new_id(), QUESTION, (asked,), 1, 1.0)
    library.folder.keep_conversation(KeptConversation(head, (KeptExchange(QUESTION, (asked,), answer=answer),)))
    sentence = SummarySentence("It is noteworthyfoo.", (1,), ("1",))
    section = SummarySection("One", info.id, info.name, (1, 1), (sentence,))
    library.folder.notes.put(info.id, "writer", [section])
    library.folder.notes.introduce(Introduction(info.id, info.name, 1, "noteworthyfoo", (section,), (QUESTION,)))
    library.folder.watched.put(WatchedFolder("/watchedfoo", (WatchedFile("quokkabook.txt", 1, 2),)))
    library.folder.jobs.put(Job(info.id, 1.0, JobState.FAILED, error="quokkabook.txt is damaged"))
    library.folder.shelves.add("user-ann", info.id, Placed(info.name, "ann", 1))
    return answer


def on_disk() -> list[str]:
    """The words that stand in any file of the library, however they are encoded."""
    files = {path: path.read_bytes().lower() for path in home().rglob("*") if path.is_file()}
    assert len(files) > 10
    encoded = {word: [word.encode(one) for one in ("utf-8", "utf-16-le", "utf-16-be")] for word in WORDS}
    return [
        word
        for word, forms in encoded.items()
        if any(word in str(path) or any(form in content for form in forms) for path, content in files.items())
    ]


def test_no_word_is_on_the_disk(encrypted: Library, tmp_path: Path) -> None:
    use(encrypted, tmp_path)
    assert on_disk() == []
    assert encrypted.folder.conversations.search("zanzibarite")[0].name == QUESTION


def test_in_the_clear_every_word_is(library: Library, tmp_path: Path) -> None:
    """So that the test before would find them."""
    use(library, tmp_path)
    assert on_disk() == list(WORDS)


def test_it_answers_as_one_in_the_clear_and_reads_nothing_again(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = use(Library.open(tmp_path / "plain", settings), tmp_path)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    first = use(Library.open(tmp_path / "sealed", settings), tmp_path)
    again = Library.open(tmp_path / "sealed", settings)
    (info,) = again.documents()
    assert info.warm == 1
    events = list(again.stream([info.id], QUESTION))
    (planned,) = (event for event in events if isinstance(event, Planned))
    assert planned.cached_tokens == planned.tokens
    second = again.ask([info.id], QUESTION)
    for answer in (first, second):
        assert replace(answer, usage=plain.usage, timings=plain.timings) == plain
    assert again.folder.verify().damaged == ()


def test_damage_is_read_again_and_answers_as_before(encrypted: Library, settings: Settings, tmp_path: Path) -> None:
    info = encrypted.add(write(tmp_path))
    before = encrypted.ask([info.id], QUESTION)
    first, second, *_ = sorted((home() / "kv").glob("*/*.safetensors"))
    first.write_bytes(second.read_bytes())  # in another's place
    content = bytearray(second.read_bytes())
    content[-1] ^= 1
    second.write_bytes(content)
    again = Library.open(settings=settings)
    assert len(again.folder.verify().damaged) == 2
    after = again.ask([info.id], QUESTION)
    assert (after.text, after.citations) == (before.text, before.citations)


def test_a_document_that_was_changed_on_disk_is_not_shown(encrypted: Library, tmp_path: Path) -> None:
    a, b = (encrypted.parse(write(tmp_path, name)) for name in ("a.txt", "b.txt"))
    path = encrypted.folder.catalog.path(a.id)
    path.write_bytes(encrypted.folder.catalog.path(b.id).read_bytes())
    assert encrypted.folder.known(a.id) is None
    assert encrypted.parse(tmp_path / "a.txt") == a  # it is parsed anew


def test_it_is_opened_with_its_key_alone(
    encrypted: Library, settings: Settings, wholedoc: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, OTHER_KEY)
    with pytest.raises(EncryptionError, match="another key"):
        Library.open(settings=settings)
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(EncryptionError, match="is encrypted: set"):
        Library.open(settings=settings)
    code, out, err = wholedoc("list")
    assert (code, out) == (2, "")
    assert KEY_VARIABLE in err
    assert "Traceback" not in err


def test_the_command_line_encrypts_and_says_so(
    library: Library, settings: Settings, tmp_path: Path, wholedoc: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = use(library, tmp_path)
    doctor = ("doctor", "--json", "--model", str(settings.model), "--chunk-tokens", "256")
    assert '"library_encryption": "none"' in wholedoc(*doctor)[1]
    assert wholedoc("library", "encrypt")[0] == 2  # there is no key
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    assert wholedoc("list")[0] == 2
    code, out, _ = wholedoc("library", "encrypt")
    assert code == 0
    assert "files encrypted" in out
    assert on_disk() == []
    assert '"library_encryption": "AES-256-GCM"' in wholedoc(*doctor)[1]
    again = Library.open(settings=settings)
    (info,) = again.documents()
    assert info.warm == 1
    assert again.ask([info.id], QUESTION).text == plain.text


def test_a_page_of_a_sealed_file_is_drawn(encrypted: Library) -> None:
    document = encrypted.parse(SAMPLES / "short_notice.pdf")
    with encrypted.folder.originals.opened(document.id) as path:
        assert path is not None
        drawn = render_page(path, 1, width=100)
    assert drawn == render_page(SAMPLES / "short_notice.pdf", 1, width=100)


# Memory


def test_what_is_decrypted_is_in_memory_and_the_plan_knows(encrypted: Library, tmp_path: Path) -> None:
    info = encrypted.add(write(tmp_path))
    encrypted.ask([info.id], QUESTION)
    assert encrypted.engine.host_kv is HostKV.MEMORY
    assert encrypted.engine.plan(1000).way is KVWay.RESIDENT


def test_where_memory_is_short_other_documents_go(
    encrypted: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is mapped the system drops by itself; what was decrypted somebody has to let go of."""
    first, second = (encrypted.parse(write(tmp_path, f"{name}.txt")) for name in "ab")
    encrypted.ask([first], QUESTION)
    free = encrypted.engine.plan(0)

    def free_bytes(_: object) -> int:
        return 4_000_000 if encrypted.held.read else free.available

    monkeypatch.setattr("parallelcomp.memory.free_bytes", free_bytes)
    encrypted.ask([second], QUESTION)
    assert list(encrypted.held.read) == [second.id]
