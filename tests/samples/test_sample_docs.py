"""The sample documents hold what their questions ask, on the pages that the questions name."""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pypdf
import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "sample_docs"
LONG, SHORT = "harbour_register.pdf", "short_notice.pdf"
# The register measures below 3.2 characters to a token with the SmolLM2 tokenizer, which this test does without.
CHARS_PER_TOKEN = 3.2


@pytest.fixture(scope="module", autouse=True)
def _importable() -> Any:
    # the modules of the samples are no package of the project, so they are put on the path for these tests only
    sys.path.insert(0, str(SAMPLES))
    yield
    sys.path.remove(str(SAMPLES))


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def readers() -> dict[str, pypdf.PdfReader]:
    return {name: pypdf.PdfReader(SAMPLES / name) for name in (LONG, SHORT)}


@pytest.fixture(scope="module")
def pages(readers: dict[str, pypdf.PdfReader]) -> dict[str, list[str]]:
    return {name: [flat(page.extract_text()) for page in reader.pages] for name, reader in readers.items()}


@pytest.fixture(scope="module")
def documents() -> dict[str, dict[str, Any]]:
    data = json.loads((SAMPLES / "questions.json").read_text(encoding="utf-8"))
    return {document["file"]: document for document in data["documents"]}


def test_counts_and_fields(documents: dict[str, dict[str, Any]]) -> None:
    assert len(documents[LONG]["questions"]) == 40
    assert len(documents[LONG]["unanswerable"]) == 4
    assert len(documents[SHORT]["questions"]) == 6
    fields = {"id", "question", "answer", "aliases", "pages", "page_labels", "kind"}
    for document in documents.values():
        every = document["questions"] + document["unanswerable"]
        assert all(set(one) == fields for one in every)
        assert len({one["id"] for one in every}) == len(every)
        assert len({one["question"] for one in every}) == len(every)
        for one in document["unanswerable"]:
            assert (one["answer"], one["pages"], one["kind"]) == (None, [], "unanswerable")
    assert 4 <= sum(one["kind"] == "table" for one in documents[LONG]["questions"]) <= 6


@pytest.mark.parametrize("name", [LONG, SHORT])
def test_answers_stand_on_their_pages(
    name: str,
    documents: dict[str, dict[str, Any]],
    pages: dict[str, list[str]],
    readers: dict[str, pypdf.PdfReader],
) -> None:
    labels = readers[name].page_labels
    for one in documents[name]["questions"]:
        assert [labels[page - 1] for page in one["pages"]] == one["page_labels"]
        assert all(one["answer"] in pages[name][page - 1] for page in one["pages"]), one["id"]


@pytest.mark.parametrize("name", [LONG, SHORT])
def test_each_question_has_one_place(
    name: str, documents: dict[str, dict[str, Any]], pages: dict[str, list[str]]
) -> None:
    from harbour.notice import ASKED
    from harbour.planted import EVERY

    asked = {one.question: one for one in (EVERY if name == LONG else ASKED)}
    for question in documents[name]["questions"]:
        one = asked[question["question"]]
        both = [n for n, text in enumerate(pages[name], 1) if one.entity in text and one.answer in text]
        assert both == question["pages"], one.question
        assert sum(flat(one.evidence) in text for text in pages[name]) == 1, one.question


def test_register_entities_are_named_nowhere_else(pages: dict[str, list[str]]) -> None:
    from harbour.planted import PLANTED

    for one in PLANTED:
        assert sum(one.entity in text for text in pages[LONG]) == 1, one.entity


def test_unanswerable_subjects(pages: dict[str, list[str]]) -> None:
    whole = " ".join(pages[LONG])
    assert all(word not in whole for word in ("Emerald Basilisk", "submarine", "helicopter", "ship's dog"))


def test_labels_and_outline(readers: dict[str, pypdf.PdfReader]) -> None:
    labels = readers[LONG].page_labels
    front = labels.index("1")
    assert labels[:front] == ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"][:front]
    assert labels[front:] == [str(n) for n in range(1, len(labels) - front + 1)]
    assert 250 <= len(labels) <= 330
    chapters = [item for item in readers[LONG].outline if not isinstance(item, list)]
    assert len(chapters) == 13
    first = readers[LONG].get_destination_page_number(chapters[0])
    assert labels[first] == "1"
    assert readers[SHORT].page_labels == ["i", "1", "2", "3", "4"]
    assert [item.title for item in readers[SHORT].outline if not isinstance(item, list)][-1] == "Leaving"


def test_register_is_long_and_small(pages: dict[str, list[str]]) -> None:
    assert (SAMPLES / LONG).stat().st_size < 3_000_000
    assert sum(len(text) for text in pages[LONG]) > 131_072 * CHARS_PER_TOKEN


def test_register_does_not_repeat_itself() -> None:
    from harbour.pages import Entry
    from harbour.register import chapters
    from harbour.voice import sentences

    bodies = [
        block.body if isinstance(block, Entry) else block
        for chapter in chapters()
        for section in chapter.sections
        for block in section.blocks
        if isinstance(block, Entry | str)
    ]
    assert len(set(bodies)) == len(bodies)
    said = Counter(sentence for body in bodies for sentence in sentences(body))
    again = sum(count - 1 for count in said.values())
    assert again / said.total() < 0.01


def test_questions_reach_every_depth(documents: dict[str, dict[str, Any]], pages: dict[str, list[str]]) -> None:
    depths = [one["pages"][0] / len(pages[LONG]) for one in documents[LONG]["questions"]]
    tenths = Counter(min(int(depth * 10), 9) for depth in depths)
    assert len(tenths) >= 9
    assert max(tenths.values()) <= 12


def test_scanned_page_has_one_page_without_text() -> None:
    texts = [flat(page.extract_text()) for page in pypdf.PdfReader(SAMPLES / "scanned_page.pdf").pages]
    assert len(texts) == 2
    assert "Cold Point" in texts[0]
    assert texts[1] == ""


def test_encrypted_opens_with_its_password() -> None:
    reader = pypdf.PdfReader(SAMPLES / "encrypted.pdf")
    assert reader.is_encrypted
    assert not reader.decrypt("")
    assert reader.decrypt("lighthouse")
    assert "number 37" in flat(reader.pages[0].extract_text())


def test_short_notice_is_rebuilt_to_the_byte() -> None:
    pytest.importorskip("reportlab")
    from harbour.notice import short_notice

    built = short_notice()
    assert built == short_notice()
    committed = (SAMPLES / SHORT).read_bytes()
    if built != committed:
        # another zlib may pack the same page into other bytes; the pages themselves must still agree
        ours, theirs = (pypdf.PdfReader(io.BytesIO(data)).pages for data in (built, committed))
        assert [p.get_contents().get_data() for p in ours] == [p.get_contents().get_data() for p in theirs]
