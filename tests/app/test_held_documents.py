"""What a library holds in memory of its documents: those that were used last."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from wholedoc import Document, Library, Planned

pytestmark = pytest.mark.embedded


@pytest.fixture
def documents(library: Library, tmp_path: Path) -> list[Document]:
    """Four documents of equal length. Two of them fit into memory."""
    made = []
    for name in "abcd":
        path = tmp_path / f"{name}.txt"
        path.write_text("\n\n".join(f"Entry {n} of {name}: {n * 13} crates of salt." for n in range(60)))
        made.append(library.parse(path))
    library.settings = replace(library.settings, held_tokens=int(2.5 * len(library.tokenized(made[0]))))
    library._forget(made[0].id)
    return made


def held(library: Library, documents: list[Document]) -> str:
    """The names of those that are in memory, from the one that goes first to the last."""
    names = {one.id: one.name[0] for one in documents}
    assert library.held.read.keys() == library.held.tokenized.keys()
    return "".join(names[id] for id in library.held.read)


def test_those_that_were_used_last_are_held(library: Library, documents: list[Document]) -> None:
    a, b, c, d = documents
    for asked, left in ((a, "a"), (b, "ab"), (c, "bc"), (b, "cb"), (d, "bd")):
        library.ask([asked], "How many crates came in?")
        assert held(library, documents) == left


def test_what_was_let_go_is_read_from_the_store_and_answers_as_before(
    library: Library, documents: list[Document]
) -> None:
    before = library.ask([documents[0]], "How many crates came in?")
    for one in documents[1:]:
        library.ask([one], "How many crates came in?")
    assert "a" not in held(library, documents)
    events = list(library.stream([documents[0]], "How many crates came in?"))
    (planned,) = (event for event in events if isinstance(event, Planned))
    assert planned.cached_tokens == planned.tokens
    again = library.ask([documents[0]], "How many crates came in?")
    assert (again.text, again.citations) == (before.text, before.citations)


def test_documents_that_are_asked_together_are_all_there_although_they_are_too_many(
    library: Library, documents: list[Document]
) -> None:
    answer = library.ask(documents, "How many crates came in?")
    assert {chunk.document_id for chunk in answer.chunks} == {one.id for one in documents}
    assert held(library, documents) == "cd"
