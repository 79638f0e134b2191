"""The chat: exchanges grow, end, are stopped, fail in a sentence, and stay in their tab."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from wholedoc import Answer, Done, Scored, Settings, Turn
from wholedoc_ui import chat, conversations
from wholedoc_ui.answers.messages import messages
from wholedoc_ui.app_state import AppState, Phase
from wholedoc_ui.chat import STOPPED, ask
from wholedoc_ui.interface.handlers import paced
from wholedoc_ui.session import Evidence, Exchange, PageView, Session, Sessions

from .conftest import NOTICE, PARAGRAPHS, Put, watched

pytestmark = pytest.mark.embedded
QUESTION = "Which vessel brought salt?"


@pytest.fixture
def asked(session: Session, put: Put) -> Session:
    """A tab that has chosen a document."""
    session.selected, session.chose = [put("log.txt").id], True
    return session


def states(work: Iterator[Exchange]) -> list[Exchange]:
    """Return copies of all states that an exchange goes through."""
    return [replace(one) for one in work]


def until(work: Iterator[Exchange], status: str) -> Exchange:
    """Go on until the status begins with this text; "" waits for the first word of the answer."""
    for exchange in work:
        if exchange.status.startswith(status) and (status or exchange.text):
            return exchange
    raise AssertionError(f"nothing was said of {status}")


def check_free(app_state: AppState, session: Session) -> None:
    assert session.asking is None
    with app_state.library.turns.take(lambda: True):  # raises Cancelled if the model is still in use
        assert app_state.library.turns.waiting == 0


# From question to answer


def test_an_exchange_grows_and_ends_with_answer_and_evidence(
    app_state: AppState, asked: Session, settings: Settings
) -> None:
    seen = states(ask(app_state, asked, f"  {QUESTION}\n", settings))
    last = seen[-1]
    assert {one.question for one in seen} == {QUESTION}
    assert last.answer is not None
    assert (last.text, last.status) == (last.answer.text, "")
    assert last.evidence == Evidence(last.answer.chunks, last.answer.citations, True)
    assert last.evidence.document_ids == tuple(asked.selected)
    said = [one.status.split(":")[0].split(" log")[0] for one in seen[1:]]  # the first shows the question alone
    steps = ["Reading", "Asking every part of the document", "Looking for the passages that carry the answer"]
    assert list(dict.fromkeys(said))[-5:] == [*steps, "Answering", ""]
    texts = [one.text for one in seen[:-1]]
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert texts[-1].strip() == last.text
    assert len(set(texts)) > 3
    check_free(app_state, asked)
    assert asked.exchanges == [replace(last, ended=True)]


def test_evidence_comes_before_the_first_word(app_state: AppState, asked: Session, settings: Settings) -> None:
    asked.selected = [app_state.library.parse(NOTICE).id]
    seen = states(ask(app_state, asked, "Who?", settings))
    assert seen[0].evidence is None
    known = [one.evidence for one in seen if one.evidence and not one.text]
    assert [one.found for one in known] == [None, True]
    assert known[0].chunks == known[1].chunks != ()
    assert known[0].citations == ()
    assert known[1].citations
    assert asked.shown is asked.exchanges[0]
    best = known[1].citations[0]
    assert asked.view == PageView(best.document_id, best.page, best.quote)


def test_what_is_not_found_is_said_so(app_state: AppState, asked: Session, settings: Settings) -> None:
    *_, last = states(ask(app_state, asked, QUESTION, replace(settings, found_margin=1e9)))
    assert last.answer is not None
    assert last.text.startswith("Not found")
    assert last.evidence is not None
    assert (last.evidence.found, last.evidence.citations) == (False, ())
    assert last.evidence.chunks
    assert asked.view is None
    said = messages(asked)[-1]["content"]
    assert said.count("Not found in <strong>log.txt</strong>") == said.lower().count("not found") == 1


def test_settings_of_the_question_are_those_of_the_answer(
    app_state: AppState, asked: Session, settings: Settings
) -> None:
    short = replace(settings, sampling=replace(settings.sampling, max_new_tokens=2))
    *_, last = states(ask(app_state, asked, QUESTION, short))
    assert last.answer is not None
    assert last.answer.usage.answer_tokens <= 2
    *_, last = states(ask(app_state, asked, QUESTION, settings))
    assert last.answer is not None
    assert last.answer.usage.answer_tokens > 2


def test_all_selected_documents_are_asked(
    app_state: AppState, session: Session, settings: Settings, put: Put
) -> None:
    one, two = put("one.txt", PARAGRAPHS[:10]), put("two.txt", PARAGRAPHS[10:20])
    session.selected = [one.id, two.id]
    *_, last = states(ask(app_state, session, QUESTION, settings))
    assert last.evidence is not None
    assert set(last.evidence.document_ids) == {one.id, two.id}


def test_a_question_while_the_model_loads_is_told_so(
    app_state: AppState, asked: Session, settings: Settings
) -> None:
    assert app_state.state.phase is Phase.LOADING
    work = ask(app_state, asked, QUESTION, settings)
    assert next(work).status == ""  # the question shows before anything else
    assert "still loading" in next(work).status
    work.close()  # type: ignore[attr-defined]
    asked.conversation.exchanges.clear()
    app_state.start()
    assert [state.phase for state in watched(app_state)][-1] is Phase.READY
    assert not any("still loading" in one.status for one in states(ask(app_state, asked, QUESTION, settings)))


def test_nothing_chosen_is_told_and_asks_nothing(
    app_state: AppState, session: Session, settings: Settings, put: Put
) -> None:
    put("log.txt")
    first, only = states(ask(app_state, session, QUESTION, settings))
    assert (first.question, first.status) == (QUESTION, "")
    assert "Choose a document" in only.status
    assert (only.text, only.answer, only.evidence) == ("", None, None)
    assert session.conversation.history == []
    check_free(app_state, session)


# Stopping and failing

MOMENTS = ["Reading", "Asking every part", "Looking for", "Answering", ""]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_stopped_question_ends_so_and_frees_the_model(
    app_state: AppState, asked: Session, settings: Settings, moment: str
) -> None:
    work = ask(app_state, asked, QUESTION, settings)
    before = replace(until(work, moment))
    assert asked.asking is not None
    asked.stop()
    after = states(work)
    assert after[-1].status == STOPPED
    assert len(after) <= 3  # events that were under way already
    assert after[-1].text.startswith(before.text)
    assert after[-1].answer is None
    assert asked.conversation.history == []
    check_free(app_state, asked)
    assert states(ask(app_state, asked, QUESTION, settings))[-1].answer is not None


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_question_that_nobody_waits_for_frees_the_model(
    app_state: AppState, asked: Session, settings: Settings, moment: str
) -> None:
    work = ask(app_state, asked, QUESTION, settings)
    until(work, moment)
    work.close()  # type: ignore[attr-defined]
    check_free(app_state, asked)


def test_a_question_that_waits_for_the_model_can_be_stopped(
    app_state: AppState, asked: Session, settings: Settings
) -> None:
    work = ask(app_state, asked, QUESTION, settings)
    until(work, "Asking every part")
    with app_state.library.turns.take():
        asked.stop()
        assert states(work)[-1].status == STOPPED
    check_free(app_state, asked)


@pytest.mark.parametrize(
    ("question", "words"), [("", "question is empty"), (" \n", "question is empty"), ("word " * 5000, "tokens")]
)
def test_a_question_that_cannot_be_asked_says_why(
    app_state: AppState, asked: Session, settings: Settings, question: str, words: str
) -> None:
    last = states(ask(app_state, asked, question, settings))[-1]
    assert words in last.status
    assert "Traceback" not in last.status
    assert "unexpected" not in last.status
    assert last.answer is None
    check_free(app_state, asked)


def test_a_document_that_is_gone_says_so(app_state: AppState, asked: Session, settings: Settings) -> None:
    app_state.library.remove(asked.selected[0])
    last = states(ask(app_state, asked, QUESTION, settings))[-1]
    assert "library" in last.status
    assert last.answer is None
    check_free(app_state, asked)


def test_what_nobody_foresaw_is_said_in_a_sentence_and_logged(
    app_state: AppState, asked: Session, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    other = replace(
        settings, engine=replace(settings.engine, chunk_tokens=256)
    )  # settings that need another library: a mistake of the program
    last = states(ask(app_state, asked, QUESTION, other))[-1]
    assert "Something unexpected" in last.status
    assert "with_settings" in caplog.text
    check_free(app_state, asked)


# Turns of a conversation


def chunks_of(app_state: AppState, session: Session, settings: Settings, history: list[Turn]) -> list[float]:
    for event in app_state.library.stream(session.selected, "And when?", history=history, settings=settings):
        if isinstance(event, Scored):
            return [chunk.nll for chunk in event.chunks]
    raise AssertionError("nothing was scored")


def test_a_follow_up_sees_the_turns_before(app_state: AppState, asked: Session, settings: Settings) -> None:
    first = states(ask(app_state, asked, QUESTION, settings))[-1]
    assert first.answer is not None
    assert asked.conversation.history == [Turn(QUESTION, first.answer.text)]
    second = states(ask(app_state, asked, "And when?", settings))[-1]
    assert second.answer is not None
    seen = [chunk.nll for chunk in second.answer.chunks]
    assert seen == chunks_of(app_state, asked, settings, [Turn(QUESTION, first.answer.text)])
    assert seen != chunks_of(app_state, asked, settings, [])
    assert [turn.question for turn in asked.conversation.history] == [QUESTION, "And when?"]


def test_two_tabs_that_ask_at_once_never_mix(
    app_state: AppState, sessions: Sessions, settings: Settings, put: Put
) -> None:
    documents = [put(f"{n}.txt", PARAGRAPHS[n * 20 : n * 20 + 20]) for n in range(2)]
    questions = [["What of vessel 7?", "And then?"], ["What of vessel 161?", "How many crates?"]]

    def alone(n: int) -> list[Answer]:
        history: list[Turn] = []
        answers = []
        for question in questions[n]:
            *_, done = app_state.library.stream([documents[n]], question, history=history, settings=settings)
            assert isinstance(done, Done)
            answers.append(done.answer)
            history.append(Turn(question, done.answer.text))
        return answers

    expected = [alone(n) for n in range(2)]
    assert expected[0][0].chunks != expected[1][0].chunks
    tabs = [sessions.get(str(n)) for n in range(2)]
    together = threading.Barrier(2)

    def use(n: int) -> None:
        tabs[n].selected = [documents[n].id]
        for question in questions[n]:
            together.wait()
            for _ in ask(app_state, tabs[n], question, settings):
                pass

    threads = [threading.Thread(target=use, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n in range(2):
        assert [one.question for one in tabs[n].exchanges] == questions[n]
        assert [one.text for one in tabs[n].exchanges] == [one.text for one in expected[n]]
        for exchange, answer in zip(tabs[n].exchanges, expected[n], strict=True):
            assert exchange.evidence is not None
            assert exchange.evidence.chunks == answer.chunks
            assert exchange.evidence.citations == answer.citations
        assert tabs[n].shown is tabs[n].exchanges[-1]


def test_retry_takes_the_last_exchange_back(session: Session) -> None:
    assert chat.retry(session) == ""
    session.conversation.exchanges = [Exchange("One?", "1"), Exchange("Two?", status=STOPPED)]
    assert chat.retry(session) == "Two?"
    assert [one.question for one in session.exchanges] == ["One?"]


def test_a_retried_question_does_not_see_its_own_answer(
    app_state: AppState, asked: Session, settings: Settings
) -> None:
    first = states(ask(app_state, asked, QUESTION, settings))[-1]
    again = states(ask(app_state, asked, chat.retry(asked), settings))[-1]
    assert first.answer is not None
    assert again.answer is not None
    assert [one.nll for one in again.answer.chunks] == [one.nll for one in first.answer.chunks]
    assert len(asked.exchanges) == 1


def test_a_new_conversation_is_empty(app_state: AppState, asked: Session, settings: Settings) -> None:
    selected = list(asked.selected)
    list(ask(app_state, asked, QUESTION, settings))
    conversations.start_new(asked)
    assert (asked.exchanges, asked.shown, asked.view, asked.conversation.history) == ([], None, None, [])
    assert asked.selected == selected


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_new_conversation_stops_the_question_of_the_old(
    app_state: AppState, asked: Session, settings: Settings, moment: str
) -> None:
    work = ask(app_state, asked, QUESTION, settings)
    until(work, moment)
    conversations.start_new(asked)
    assert states(work)[-1].status == STOPPED
    assert (asked.exchanges, asked.shown, asked.view) == ([], None, None)
    check_free(app_state, asked)


def test_a_new_conversation_shows_no_evidence_of_the_old(
    app_state: AppState, asked: Session, settings: Settings
) -> None:
    """This holds even if the last chunk had just been scored, so that the evidence was about to be shown."""
    work = ask(app_state, asked, QUESTION, settings)
    for exchange in work:
        done, _, total = exchange.status.removeprefix("Asking every part of the document: ").partition(" of ")
        if exchange.status.startswith("Asking") and done == total:
            break
    conversations.start_new(asked)
    list(work)
    assert (asked.exchanges, asked.shown, asked.view) == ([], None, None)


def test_messages_are_the_conversation_in_turn(session: Session) -> None:
    assert messages(session) == []
    session.conversation.exchanges = [
        Exchange("One?", "The answer."),
        Exchange("Two?", "Half an", STOPPED),
        Exchange("Three?", status="Answering"),
        Exchange("Four?"),
    ]
    shown = messages(session)
    assert [one["role"] for one in shown] == ["user", "assistant"] * 4
    assert [one["content"] for one in shown[::2]] == ["One?", "Two?", "Three?", "Four?"]
    assert [one["content"] for one in shown[1::2]] == [
        "The answer.",
        f"Half an\n\n*{STOPPED}*",
        "*Answering*",
        "…",  # never an empty bubble
    ]


def test_the_writer_is_told_how_to_answer(
    app_state: AppState, asked: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    stream = type(app_state.library).stream

    def noted(self: object, *rest: object, instructions: str = "", **named: object) -> object:
        told.append(instructions)
        return stream(self, *rest, instructions=instructions, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(type(app_state.library), "stream", noted)
    *_, last = ask(app_state, asked, QUESTION, settings, instructions="Answer in German.")
    assert last.answer is not None
    assert told == ["Answer in German."]


def test_states_are_paced_and_every_phase_shows_at_once() -> None:
    """What comes first of a phase is not held back until the next comes, which may take long."""
    states = [("look", 1), ("look", 2), ("write", 1), ("write", 2), ("write", 3)]
    assert list(paced(iter(states), lambda one: one[0])) == [("look", 1), ("write", 1), ("write", 3)]
