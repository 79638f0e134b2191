"""The library is asked: several documents, conversations, many callers, and what cannot be asked."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from parallelcomp import Engine, Eviction, KVPrecision, MemoryPlan, MemoryPlanError, WindowError
from wholedoc import Answer, Done, Library, Reading, Settings, Turn
from wholedoc.errors import QuestionError

from .test_library import PARAGRAPHS, chunk_files, tokens_read, write

pytestmark = pytest.mark.embedded


def test_several_documents_in_one_question(library: Library, tmp_path: Path) -> None:
    names = ["a.txt", "b.txt", "c.txt"]
    ids = [library.add(write(tmp_path / name, PARAGRAPHS[i * 30 : i * 30 + 30])).id for i, name in enumerate(names)]
    answer = library.ask(ids, "Which vessel brought salt?")
    alone = [library.ask([id], "Which vessel brought salt?") for id in ids]
    assert [c.nll for c in answer.chunks] == pytest.approx([c.nll for one in alone for c in one.chunks], abs=1e-4)
    assert {c.document_id for c in answer.chunks} == set(ids)
    texts = {id: library.document(id) for id in ids}
    for citation in answer.citations:
        assert citation.quote in texts[citation.document_id].pages[citation.page - 1].text
    assert answer.usage.document_tokens == sum(one.usage.document_tokens for one in alone)


def test_a_follow_up_sees_the_turns_before(library: Library, tmp_path: Path) -> None:
    info = library.add(write(tmp_path / "log.txt", PARAGRAPHS[:20]))
    plain = library.ask([info.id], "And when?")
    follow = library.ask([info.id], "And when?", history=[Turn("Which vessel came in?", "Number 7.")])
    both = library.ask([info.id], "Which vessel came in? And when?")
    assert plain.chunks != follow.chunks
    assert follow.chunks == both.chunks  # it is searched for with the question before it


def test_turns_that_nothing_refers_to_take_no_room(library: Library, tmp_path: Path) -> None:
    info = library.add(write(tmp_path / "log.txt", PARAGRAPHS[:20]))
    history = [Turn("Which vessel came in on that day?", "The vessel number 7, with salt. " * 20)] * 20
    question = "Which vessel brought salt?"
    assert library.ask([info.id], question, history=history).chunks == library.ask([info.id], question).chunks


def test_a_conversation_that_fills_the_window_is_said_so(library: Library, tmp_path: Path) -> None:
    info = library.add(write(tmp_path / "log.txt", PARAGRAPHS[:20]))
    history = [Turn("Which vessel came in on that day?", "The vessel number 7, with salt. " * 20)] * 20
    with pytest.raises(QuestionError, match="new conversation"):
        library.ask([info.id], "And then?", history=history)


def test_what_cannot_be_asked_is_refused_before_anything_is_read(
    library: Library, settings: Settings, tmp_path: Path
) -> None:
    document = library.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    with pytest.raises(WindowError):
        library.ask([document], "Which? " * 2000)
    with pytest.raises(QuestionError):
        library.ask([document], " ")
    longest = replace(settings, sampling=replace(settings.sampling, max_new_tokens=2000))
    with pytest.raises(WindowError):
        next(library.stream([document], "Which?", settings=longest))
    assert chunk_files() == {}


def test_documents_that_do_not_fit_together_are_refused_before_anything_is_read(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [library.parse(write(tmp_path / f"{n}.txt", [f"Log {n}.", *PARAGRAPHS])) for n in range(2)]
    room = library.engine.plan(len(library.tokenized(documents[0])) + 10).tokens
    plan = Engine.plan

    def tight(engine: Engine, tokens: int, **assumed: int) -> MemoryPlan:
        return replace(plan(engine, tokens, **assumed), longest_document=room)

    monkeypatch.setattr(Engine, "plan", tight)
    with pytest.raises(MemoryPlanError):
        library.ask(documents, "What came in?")
    assert chunk_files() == {}
    assert library.ask(documents[:1], "What came in?").text


def test_an_answer_says_whether_it_was_cut_short(library: Library, settings: Settings, tmp_path: Path) -> None:
    document = library.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    for ask in (
        lambda chosen, stop: library.stream([document], "What?", settings=chosen, stop=stop),
        lambda chosen, stop: library.chat("What?", settings=chosen, stop=stop),
    ):
        *_, done = ask(settings, ())
        assert isinstance(done, Done)
        assert done.answer.cut_short
        *_, stopped = ask(settings, (done.answer.text[-1:],))
        assert isinstance(stopped, Done)
        assert not stopped.answer.cut_short


def test_many_callers_get_their_own_answers(library: Library, tmp_path: Path) -> None:
    infos = [library.add(write(tmp_path / f"{n}.txt", PARAGRAPHS[n * 30 : n * 30 + 30])) for n in range(4)]
    questions = [f"What of vessel {n}?" for n in range(4)]
    alone = [library.ask([info.id], q).text for info, q in zip(infos, questions, strict=True)]
    together: dict[int, Answer] = {}

    def ask(n: int) -> None:
        together[n] = library.ask([infos[n].id], questions[n])

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[n].text for n in range(4)] == alone


def test_two_callers_who_read_the_same_document_share_the_work(settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "log.txt", PARAGRAPHS)
    library = Library.open(settings=settings)
    _ = library.engine
    read: list[int] = []
    threads = [threading.Thread(target=lambda: read.append(tokens_read(library, path))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = library.documents()[0].tokens
    assert sum(read) < total * 1.5


def test_a_caller_who_leaves_frees_the_model(library: Library, tmp_path: Path) -> None:
    info = library.add(write(tmp_path / "log.txt", PARAGRAPHS))
    stream = library.stream([info.id], "What came in?")
    next(stream)
    stream.close()
    assert library.turns.waiting == 0
    assert library.ask([info.id], "What came in?").text


@pytest.mark.parametrize("precision", list(KVPrecision))
def test_every_precision_answers_from_disk(settings: Settings, tmp_path: Path, precision: KVPrecision) -> None:
    chosen = replace(settings, engine=replace(settings.engine, precision=precision))
    path = write(tmp_path / "log.txt", PARAGRAPHS[:40])
    first = Library.open(settings=chosen)
    fresh = first.ask([first.add(path).id], "What came in?")
    again = Library.open(settings=chosen)
    stored = again.ask([again.add(path).id], "What came in?")
    assert stored.token_ids == fresh.token_ids
    assert [c.nll for c in stored.chunks] == [c.nll for c in fresh.chunks]


def test_the_stream_ends_with_the_answer(library: Library, tmp_path: Path) -> None:
    info = library.add(write(tmp_path / "log.txt", PARAGRAPHS[:20]))
    events = list(library.stream([info.id], "What came in?"))
    assert isinstance(events[-1], Done)
    assert [type(event).__name__ for event in events if not isinstance(event, Reading)][-1] == "Done"


def test_settings_of_a_question_need_no_new_reading(library: Library, settings: Settings, tmp_path: Path) -> None:
    document = library.parse(write(tmp_path / "log.txt", PARAGRAPHS))
    kept = {}
    for tokens in (300, 900):
        chosen = replace(settings, engine=replace(settings.engine, eviction=Eviction(kept_tokens=tokens)))
        *_, done = library.stream([document], "What came in?", settings=chosen)
        assert isinstance(done, Done)
        kept[tokens] = done.answer.usage.kept_tokens
    assert 0 < kept[300] <= 300 < kept[900] <= 900
    other = replace(settings, engine=replace(settings.engine, chunk_tokens=128))
    with pytest.raises(ValueError, match="with_settings"):
        next(library.stream([document], "What came in?", settings=other))


def test_other_reading_settings_keep_the_loaded_model(library: Library, settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "log.txt", PARAGRAPHS)
    library.add(path)
    other = library.with_settings(replace(settings, engine=replace(settings.engine, chunk_tokens=128)))
    assert other.model is library.model
    assert tokens_read(other, path) > 1000
    assert library.with_settings(replace(settings, dtype=torch.bfloat16)).model is not library.model
