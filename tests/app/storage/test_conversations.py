"""Conversations on disk: they come back as they were, are found, renamed and removed, and survive damage."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wholedoc import Answer, AskedDocument, Citation, Item, ScoredChunk, Timings, Usage
from wholedoc.answer import Everywhere, SentenceSources, SummarySection, SummarySentence
from wholedoc.errors import LibraryError
from wholedoc.storage import conversations
from wholedoc.storage.conversations import (
    ConversationHead,
    Conversations,
    KeptConversation,
    KeptExchange,
    new_id,
)
from wholedoc.storage.files.kept import KeptFiles
from wholedoc.storage.folder import LibraryFolder

NOTICE = AskedDocument("ab" * 32, "notice <b>.pdf")
CHUNK = ScoredChunk(NOTICE.id, (1, 2), 100, 2.0, 0.5, True, None, 0.75)
CITATION = Citation(NOTICE.id, NOTICE.name, 1, "iv", "Channel 12.\n", 0.5)
FOUND = Everywhere(
    4,
    3,
    (Item("Mole", NOTICE.id, NOTICE.name, 1, "iv", "the Mole", True),),
    1,
    (SummarySection("One", NOTICE.id, NOTICE.name, (1, 2), (SummarySentence("Short.", (1,), ("iv",)),)),),
)
ANSWER = Answer(
    "Which channel?",
    "Channel 12 \ud800 \u2028 </script>",
    True,
    (1, 2),
    (CITATION,),
    (CHUNK,),
    Usage(10, 10, 5, 2, 1),
    Timings(0.1, 0.2, 3),
    standalone="Which channel does a yacht use?",
    unsupported=("12",),
    sources=(SentenceSources(0, 3, (1,)),),
    everywhere=FOUND,
)
ANSWERED = KeptExchange(ANSWER.question, (NOTICE,), ANSWER.text, answer=ANSWER, kind="list")
STOPPED = KeptExchange("And then?", (NOTICE,), "Half", "Stopped.", chunks=(CHUNK,), citations=(CITATION,))


def a_conversation(name: str = "Which channel?", changed: float = 1.0, **options: object) -> KeptConversation:
    head = ConversationHead(new_id(), name, (NOTICE,), 2, changed)
    return replace(KeptConversation(head, (ANSWERED, STOPPED)), **options)


@pytest.fixture
def kept(tmp_path: Path) -> Conversations:
    return LibraryFolder(tmp_path / "library").conversations


def test_a_conversation_comes_back_as_it_was(kept: Conversations) -> None:
    """All but the ids of the answer's tokens, which nothing needs later."""
    one = a_conversation()
    kept.put(one)
    without = replace(ANSWERED, answer=replace(ANSWER, token_ids=()))
    assert kept.get(one.head.id) == replace(one, exchanges=(without, STOPPED))
    assert Conversations(kept.folder).all() == [one.head]
    assert kept.get(new_id()) is None


def test_the_last_one_continued_comes_first(kept: Conversations) -> None:
    first, second = a_conversation("One", 1.0), a_conversation("Two", 2.0)
    for one in (first, second):
        kept.put(one)
    assert [head.name for head in kept.all()] == ["Two", "One"]
    kept.put(replace(first, head=replace(first.head, changed=3.0)))
    assert [head.name for head in kept.all()] == ["One", "Two"]


@pytest.mark.parametrize("words", ["CHANNEL 12", "half", "then channel", "notice"])
def test_words_of_names_questions_and_answers_are_found(kept: Conversations, words: str) -> None:
    kept.put(a_conversation())
    other = KeptConversation(ConversationHead(new_id(), "Else", changed=9.0), (KeptExchange("Else?"),))
    kept.put(other)
    assert [head.name for head in kept.search(words)] == ["Which channel?"]
    assert kept.search("channel walrus") == []
    assert kept.search("  ") == kept.all()


def test_a_name_is_given_and_taken_back(kept: Conversations) -> None:
    one = a_conversation()
    kept.put(one)
    kept.rename(one.head.id, "  The\nradio ")
    assert kept.all() == [replace(one.head, name="The radio")]
    kept.rename(one.head.id, " ")
    assert kept.all()[0].name == ANSWERED.question
    kept.rename(new_id(), "nobody")
    kept.remove(one.head.id)
    kept.remove(one.head.id)
    assert kept.all() == []


@pytest.mark.parametrize("id", ["", "../../documents/x", "AB" * 8, "ab" * 9, "ab" * 8 + "\n"])
def test_an_id_from_elsewhere_names_no_other_file(kept: Conversations, id: str) -> None:
    with pytest.raises(ValueError, match="id"):
        kept.put(a_conversation(head=ConversationHead(id, "x")))
    assert kept.get(id) is None
    kept.remove(id)
    kept.rename(id, "x")


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[" * 100_000,
        b'{"id": 1}',
        b'{"id": "%s", "name": "x", "version": 2}',
        b'{"id": "%s", "name": ["<script>"]}',
    ],
)
def test_a_damaged_file_hides_no_other_and_stays(kept: Conversations, damage: bytes) -> None:
    good, id = a_conversation(), new_id()
    kept.put(good)
    path = kept.folder / f"{id}.jsonl"
    path.write_bytes(damage.replace(b"%s", id.encode()))
    assert kept.all() == [good.head]
    assert kept.search("channel") == [good.head]
    assert kept.get(id) is None
    assert kept.damaged() == 1
    assert path.exists()


@given(st.data())
def test_whatever_an_exchange_becomes_is_none_or_one(data: st.DataObject) -> None:
    line = json.dumps(conversations._without_tokens(ANSWERED))
    place = data.draw(st.integers(0, len(line) - 1))
    changed = (
        line[:place]
        + data.draw(st.sampled_from(["", "0", '"', "[", "{}", "null", "true", "1e999"]))
        + line[place + 1 :]
    )
    try:
        found = conversations.restored(KeptExchange, json.loads(changed))
    except ValueError:
        return
    assert isinstance(found, KeptExchange)
    assert isinstance(found.question, str)
    assert found.answer is None or all(isinstance(one, Citation) for one in found.answer.citations)


def test_a_conversation_that_grew_too_large_keeps_what_it_had(
    kept: Conversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = a_conversation()
    kept.put(one)
    monkeypatch.setattr(conversations, "LARGEST", 10_000)
    with pytest.raises(LibraryError, match="start a new one"):
        kept.put(replace(one, exchanges=(ANSWERED, replace(STOPPED, text="x" * 10_000))))
    known = kept.get(one.head.id)
    assert known is not None
    assert known.exchanges[1] == STOPPED


def test_the_oldest_of_too_many_go_and_are_named(kept: Conversations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "MOST", 2)
    gone = [kept.put(a_conversation(str(count), float(count))) for count in range(4)]
    assert [[head.name for head in heads] for heads in gone] == [[], [], ["0"], ["1"]]
    assert [head.name for head in kept.all()] == ["3", "2"]


def test_others_cannot_read_it(tmp_path: Path) -> None:
    folder = LibraryFolder(tmp_path / "library")
    folder.keep_conversation(a_conversation())
    assert [path for path in folder.path.rglob("*") if path.stat().st_mode & 0o077] == []


def test_a_full_disk_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(KeptFiles, "write", full)
    with pytest.raises(LibraryError, match="full"):
        LibraryFolder(tmp_path / "library").keep_conversation(a_conversation())
