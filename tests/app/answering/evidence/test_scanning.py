"""Questions that are scored on what a scan puts first: what is scored then, and what is kept for it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, load_file

from parallelcomp import ChunkScoring, QueryHead, RetrievalHeads
from parallelcomp.retrieval.heads import read, save
from wholedoc import Answer, Done, Library, Settings, Turn
from wholedoc.answer import Scoring
from wholedoc.answering.evidence import scanning
from wholedoc.answering.evidence.scanning import LEAST, MARGIN, MOST, most_promising
from wholedoc.storage.home import home

from ...conftest import Command
from ...test_library import PARAGRAPHS, tokens_read, write

pytestmark = pytest.mark.embedded
QUESTION = "How many crates of salt did the vessel number 91 bring?"


@pytest.fixture
def scanning_settings(settings: Settings) -> Settings:
    return replace(settings, scoring=ChunkScoring.SCAN)


def heads_of(library: Library) -> RetrievalHeads:
    return RetrievalHeads(
        library.model.loaded.spec.fingerprint, (QueryHead(1, 2), QueryHead(0, 1), QueryHead(1, 3))
    )


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """So few chunks are scored, whatever the margin."""
    monkeypatch.setattr(scanning, "LEAST", 2)
    monkeypatch.setattr(scanning, "MOST", 2)
    return 2


@pytest.fixture
def scanned(scanning_settings: Settings, few: int) -> Library:
    """A library whose model's heads are known."""
    library = Library.open(settings=scanning_settings)
    know_heads(library)
    return library


def know_heads(library: Library) -> None:
    library.heads.file.parent.mkdir(parents=True, exist_ok=True)
    save(heads_of(library), library.heads.file)


def scan_files() -> list[Path]:
    return sorted((home() / "kv").glob("*/*.scan"))


def alike(one: Answer, other: Answer) -> bool:
    """All but the seconds."""
    return (one.text, one.citations, one.chunks) == (other.text, other.citations, other.chunks)


def test_only_what_the_scan_puts_first_is_scored(scanned: Library, tmp_path: Path, few: int) -> None:
    document = scanned.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    list(scanned.read(document))
    events = list(scanned.stream([document], QUESTION))
    answer = next(event.answer for event in events if isinstance(event, Done))
    chunks = len(answer.chunks)
    assert chunks > 5
    assert [event.total for event in events if isinstance(event, Scoring)] == [few] * few
    scores = [one.scan for one in answer.chunks if one.scan is not None]
    assert len(scores) == chunks
    best = sorted(range(chunks), key=lambda index: -scores[index])[:few]
    assert [index for index, one in enumerate(answer.chunks) if one.nll is not None] == sorted(best)
    assert all((one.nll is None) == (one.gain is None) for one in answer.chunks)
    assert [index for index, one in enumerate(answer.chunks) if one.kept] == sorted(best)
    every = scanned.stream(
        [document], QUESTION, settings=replace(scanned.settings, scoring=ChunkScoring.LIKELIHOOD)
    )
    exact = next(event.answer for event in every if isinstance(event, Done))
    assert all(one.scan is None and one.nll is not None for one in exact.chunks)
    for index in best:
        assert answer.chunks[index].nll == pytest.approx(exact.chunks[index].nll, abs=1e-4)


def test_few_chunks_are_all_scored(scanning_settings: Settings, tmp_path: Path) -> None:
    library = Library.open(settings=scanning_settings)
    know_heads(library)
    document = library.parse(write(tmp_path / "log.txt", PARAGRAPHS[:12]))
    answer = library.ask([document], QUESTION)
    assert 1 < len(answer.chunks) <= LEAST
    assert all(one.nll is not None for one in answer.chunks)


def test_more_chunks_are_scored_where_the_scan_is_less_sure() -> None:
    clear = [0.0] * 40
    clear[7] = 2 * MARGIN
    assert len(most_promising(clear)) == LEAST
    assert 7 in most_promising(clear)
    unsure = [MARGIN * 0.9 * (index < LEAST + 3) - 5.0 * (index >= LEAST + 3) for index in range(40)]
    assert most_promising(unsure) == tuple(range(LEAST + 3))
    assert len(most_promising([0.0] * 100)) == MOST
    assert most_promising([0.5, 0.1]) == (0, 1)


def test_a_library_that_was_read_before_is_not_read_again(
    scanning_settings: Settings, tmp_path: Path, few: int
) -> None:
    path = write(tmp_path / "log.txt", PARAGRAPHS)
    before = Library.open(settings=scanning_settings)
    assert tokens_read(before, path) > 1000
    assert scan_files() == []
    assert all(one.scan is None for one in before.ask([before.parse(path)], QUESTION).chunks)
    know_heads(before)
    first = before.ask([before.parse(path)], QUESTION)  # the library that had it open
    assert first.usage.cached_tokens == first.usage.document_tokens
    assert len(scan_files()) == len(first.chunks)
    for file in scan_files():
        file.unlink()
    later = Library.open(settings=scanning_settings)  # another process
    assert tokens_read(later, path) == 0
    assert len(scan_files()) == len(first.chunks)
    assert alike(later.ask([later.parse(path)], QUESTION), first)


def test_nothing_is_laid_out_for_those_who_score_every_chunk(scanned: Library, tmp_path: Path, few: int) -> None:
    """A question that scans has it done then."""
    plain = scanned.with_settings(replace(scanned.settings, scoring=ChunkScoring.LIKELIHOOD))
    document = plain.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    plain.ask([document], QUESTION)
    assert scan_files() == []
    scans = plain.stream([document], QUESTION, settings=replace(plain.settings, scoring=ChunkScoring.SCAN))
    answer = next(event.answer for event in scans if isinstance(event, Done))
    assert len(scan_files()) == len(answer.chunks)
    assert sum(one.nll is not None for one in answer.chunks) == few


def test_stored_keys_are_those_that_would_be_made_again(scanned: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "log.txt", PARAGRAPHS)
    scanned.add(path)
    first = {file.name: load(file.read_bytes()) for file in scan_files()}
    for file in scan_files():
        file.unlink()
    Library.open(settings=scanned.settings).add(path)
    assert {file.name for file in scan_files()} == set(first)
    for file in scan_files():
        again = load(file.read_bytes())
        assert all(torch.equal(again[name], tensor) for name, tensor in first[file.name].items())


def test_a_damaged_file_of_keys_is_found_and_made_again(scanned: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "log.txt", PARAGRAPHS)
    scanned.add(path)
    answer = scanned.ask([scanned.parse(path)], QUESTION)
    first, second, third, *_ = scan_files()
    whole = first.read_bytes()
    for file, content in ((first, whole[:-1] + bytes([whole[-1] ^ 1])), (second, whole), (third, b"")):
        file.write_bytes(content)
    found = scanned.folder.verify()
    assert len(found.damaged) == 2  # the second is sound, but another chunk's
    assert found.documents == ("log.txt",)
    again = Library.open(settings=scanned.settings)
    assert tokens_read(again, path) == 0
    assert all(torch.equal(load_file(first)[name], tensor) for name, tensor in load(whole).items())
    second.unlink()
    assert tokens_read(Library.open(settings=scanned.settings), path) == 0
    assert alike(Library.open(settings=scanned.settings).ask([again.parse(path)], QUESTION), answer)


def test_keys_and_words_go_with_the_document(scanned: Library, tmp_path: Path) -> None:
    info = scanned.add(write(tmp_path / "log.txt", PARAGRAPHS))
    kept = [path for folder in ("kv", "readings") for path in (home() / folder).rglob("*") if path.is_file()]
    assert {path.suffix for path in kept} == {".safetensors", ".scan", ".json", ".words"}
    assert info.bytes == sum(path.stat().st_size for path in kept if path.suffix in (".safetensors", ".scan"))
    scanned.remove(info.id)
    assert not [path for path in kept if path.exists()]


def test_words_are_counted_once_and_again_if_they_are_damaged(
    library: Library, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "log.txt", PARAGRAPHS)
    library.add(path)
    counted = next(iter(library.held.read.values())).words
    (kept,) = (home() / "readings").glob("*.words")
    whole = kept.read_bytes()
    again = Library.open(settings=settings)
    again.add(path)
    assert next(iter(again.held.read.values())).kept_words == counted
    for damaged in (b"", b"no line", whole[:-3], whole.replace(b"vessel", b"vassal", 1)):
        kept.write_bytes(damaged)
        other = Library.open(settings=settings)
        other.add(path)
        assert next(iter(other.held.read.values())).words == counted
        assert kept.read_bytes() == whole


def test_several_documents_and_several_questions(scanned: Library, tmp_path: Path, few: int) -> None:
    documents = [
        scanned.parse(write(tmp_path / f"{name}.txt", lines))
        for name, lines in (("first", PARAGRAPHS[:50]), ("second", PARAGRAPHS[50:]))
    ]
    answers = [
        event.answer
        for event in scanned.stream_many(documents, [QUESTION, "Who left again?"])
        if isinstance(event, Done)
    ]
    for answer in answers:
        assert {one.document_id for one in answer.chunks} == {document.id for document in documents}
        assert sum(one.nll is not None for one in answer.chunks) == few
        assert alike(scanned.ask(documents, answer.question), answer)


def test_a_question_that_refers_back_is_scanned_with_the_one_before(
    scanned: Library, tmp_path: Path, few: int
) -> None:
    document = scanned.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    alone = scanned.ask([document], "And what of it?")
    after = scanned.ask([document], "And what of it?", history=[Turn(QUESTION, "1,183 crates.")])
    assert [one.scan for one in after.chunks] != [one.scan for one in alone.chunks]
    assert sum(one.nll is not None for one in after.chunks) == few


def test_while_heads_are_not_known_every_chunk_is_scored_and_it_says_so(
    scanning_settings: Settings, tmp_path: Path
) -> None:
    told: list[str] = []
    library = Library.open(settings=scanning_settings, notify=told.append)
    document = library.parse(write(tmp_path / "log.txt", PARAGRAPHS[:40]))
    for _ in range(2):
        answer = library.ask([document], QUESTION)
    assert all(one.nll is not None and one.scan is None for one in answer.chunks)
    assert [one for one in told if "wholedoc retrieval-heads" in one] == told[-1:]
    library.heads.file.parent.mkdir(parents=True, exist_ok=True)
    library.heads.file.write_text("{}")
    assert library.heads.known() is None
    assert "find them anew" in told[-1]


def test_heads_are_found_in_the_background_once(scanning_settings: Settings, tmp_path: Path) -> None:
    library = Library.open(settings=scanning_settings)
    thread = library.heads.find_in_background()
    assert thread is not None
    thread.join(120)
    found = library.heads.known()
    assert found == read(library.heads.file)
    assert found.fingerprint == library.model.loaded.spec.fingerprint
    assert library.heads.find_in_background() is None
    document = library.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    assert all(one.scan is not None for one in library.ask([document], QUESTION).chunks)


def test_the_command_line(wholedoc: Command, tiny_model: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "log.txt", PARAGRAPHS)
    model = ["--model", tiny_model, "--dtype", "fp32", "--chunk-tokens", "256"]
    asked = ["ask", path, "-q", QUESTION, *model, "--max-new-tokens", "4", "--json"]
    code, out, _ = wholedoc("retrieval-heads", *model, "--json")
    assert code == 0
    assert len(json.loads(out)["heads"]) == 4
    code, out, _ = wholedoc(*asked, "--scoring", "scan")
    assert code == 0
    (answer,) = json.loads(out)["answers"]
    scored = [one for one in answer["chunks"] if one["nll"] is not None]
    assert LEAST <= len(scored) < len(answer["chunks"])
    assert all(one["scan"] is not None for one in answer["chunks"])
    assert "cited_s" in answer["timings"]
    code, out, _ = wholedoc(*asked, "--scoring", "likelihood")
    assert all(one["scan"] is None for one in json.loads(out)["answers"][0]["chunks"])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--attention", "apb"], "--scoring says nothing to --attention apb"),
        (["--ranks", "2"], "leave out --scoring or --ranks"),
    ],
)
def test_where_a_scan_does_not_apply(
    given: list[str], says: str, wholedoc: Command, tiny_model: Path, tmp_path: Path
) -> None:
    path = write(tmp_path / "log.txt", PARAGRAPHS[:9])
    code, _, err = wholedoc("ask", path, "-q", QUESTION, "--model", tiny_model, "--scoring", "scan", *given)
    assert code == 2
    assert says in err
