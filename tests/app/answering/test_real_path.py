"""Questions on the path that users have: the embedded model with its own settings, on a document it has read.

Other tests of the app use a random model, for which what counts as found, and what a question attends to, has to be
replaced. Nothing is replaced here.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from parallelcomp import ChunkScoring
from wholedoc import Answer, AnswerFrom, Cited, Done, Library, Settings
from wholedoc.answering import asking, pipeline
from wholedoc.answering.asking import Asking
from wholedoc.answering.evidence.passages import best_passages
from wholedoc.models.text_model import TextModel
from wholedoc.reading.corpus import Corpus
from wholedoc.settings import SMALL_MODEL

from ..conftest import SAMPLES

pytestmark = [pytest.mark.embedded, pytest.mark.usefixtures("with_notice_read")]
QUESTIONS = next(
    one["questions"]
    for one in json.loads((SAMPLES / "questions.json").read_text(encoding="utf-8"))["documents"]
    if one["file"] == "short_notice.pdf"
)


def asked(library: Library, question: str, settings: Settings | None = None) -> tuple[Cited | None, Answer]:
    (info,) = library.documents()
    cited: Cited | None = None
    for event in library.stream([info.id], question, settings=settings):
        if isinstance(event, Cited):
            cited = event
        if isinstance(event, Done):
            return cited, event.answer
    raise AssertionError("a stream ends with Done")


@pytest.mark.parametrize("scoring", ChunkScoring)
def test_the_first_quote_is_from_the_evidence_page_and_holds_the_answer(scoring: ChunkScoring) -> None:
    """All six questions of the notice, in one go, since loading the model takes longer than a question."""
    library = Library.open(settings=Settings(scoring=scoring))
    for question in QUESTIONS:
        cited, answer = asked(library, question["question"])
        assert answer.found
        assert cited is not None
        assert cited.lead  # so small a model shows its quotes first
        first = cited.citations[0]
        assert first.page in question["pages"], question["question"]
        assert first.score == 1.0
        assert all(0 < one.score <= 1 for one in cited.citations)
        known = [question["answer"], *question["aliases"]]
        assert any(text in one.quote for one in cited.citations for text in known), question["question"]
        assert answer.citations == cited.citations


@pytest.mark.parametrize("question", ["How do I bake bread?", "Who won the football world cup in 2010?"])
def test_a_question_about_something_else_is_not_found(question: str) -> None:
    cited, answer = asked(Library.open(), question)
    assert (answer.found, cited, answer.citations, answer.token_ids) == (False, None, (), ())
    assert answer.text == pipeline.NOT_FOUND


def test_the_found_margin_is_what_decides() -> None:
    """Each question passes or fails by the number that the settings give, and by no more than that."""
    library = Library.open()
    strict = replace(library.settings, found_margin=100.0)
    assert not asked(library, QUESTIONS[0]["question"], strict)[1].found
    lax = replace(library.settings, found_margin=-100.0)
    assert asked(library, "How do I bake bread?", lax)[1].found


def test_passages_that_are_read_again_are_ranked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attention alone ranks some passages in another order than the one that people get who score every chunk."""
    library = Library.open(settings=Settings(scoring=ChunkScoring.LIKELIHOOD))
    ranked: list[list[tuple[int, int]]] = []

    def noted(*arguments: object) -> list[object]:
        made = best_passages(*arguments)  # type: ignore[arg-type]
        ranked.append([(one.page + 1, one.start) for one in made])
        return list(made)

    monkeypatch.setattr(pipeline, "best_passages", noted)
    (info,) = library.documents()
    document = library.document(info.id)
    used = []
    for question in QUESTIONS:
        citations = asked(library, question["question"])[1].citations
        used.append([(one.page, document.pages[one.page - 1].text.find(one.quote)) for one in citations])
    shown = [before[: len(after)] for before, after in zip(ranked, used, strict=True)]
    assert len(used) == len(QUESTIONS)
    assert shown != used
    assert all(set(after) <= set(before) for before, after in zip(ranked, used, strict=True))


def sized(model: TextModel, parameters: float) -> TextModel:
    spec = model.loaded.spec
    return replace(model, loaded=replace(model.loaded, spec=replace(spec, parameters=int(parameters))))


def test_the_size_of_the_model_decides_what_an_answer_is_made_from() -> None:
    library = Library.open()
    plain = Asking(library.engine, library.model, Corpus.of(()), "Who?", library.settings)
    assert library.model.parameters < SMALL_MODEL
    assert plain.answer_from is AnswerFrom.QUOTE
    assert replace(plain, model=sized(library.model, SMALL_MODEL - 1)).answer_from is AnswerFrom.QUOTE
    large = replace(plain, model=sized(library.model, SMALL_MODEL))
    assert large.answer_from is AnswerFrom.CONTEXT
    for chosen in AnswerFrom:
        assert replace(large, settings=Settings(answer_from=chosen)).answer_from is chosen


def test_a_large_model_answers_from_the_whole_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded model in a large one's role finds the same evidence and reads nothing again for its answer."""
    library = Library.open()
    question = QUESTIONS[0]["question"]
    small = asked(library, question)[1]
    monkeypatch.setattr(asking, "SMALL_MODEL", 0)
    monkeypatch.setattr(pipeline, "reread", lambda *_: pytest.fail("passages were read again"))
    cited, answer = asked(library, question)
    assert cited is not None
    assert not cited.lead
    assert answer.found
    assert answer.text
    assert answer.citations[0].page == small.citations[0].page
    assert answer.usage.kept_tokens == small.usage.kept_tokens
