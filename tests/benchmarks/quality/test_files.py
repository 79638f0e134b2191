"""Files of cases in the formats of other benchmarks, and text divided into pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from benchmarks.errors import CasesError
from benchmarks.quality.cases import infinitebench, leval, longbench
from benchmarks.quality.cases.case import Metric
from benchmarks.quality.cases.paging import paged


def words(count: int, of: str = "word") -> str:
    return " ".join(f"{of}{index}" for index in range(count))


def length(text: str) -> int:
    return len(text.split())


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def document(text: str, *asked: tuple[str, str], evaluation: str = "f1") -> dict[str, Any]:
    questions, answers = ([pair[index] for pair in asked] for index in (0, 1))
    return {"document": text, "questions": questions, "answers": answers, "evaluation": evaluation}


@pytest.mark.parametrize(
    "text",
    [
        "\n\n".join(words(120, f"p{index}_") for index in range(9)),
        " ".join(f"{words(30)}." for _ in range(60)),
        words(1700),
        "short",
    ],
)
def test_pages_hold_all_words_in_order_and_none_is_long(text: str) -> None:
    pages = paged(text)
    assert " ".join(pages).split() == text.split()
    assert all(page in text for page in pages)
    assert all(300 <= length(page) <= 650 for page in pages[:-1])


def test_pages_end_where_paragraphs_do() -> None:
    paragraphs = [words(120, f"p{index}_") for index in range(9)]
    for page in paged("\n\n".join(paragraphs)):
        assert set(page.split("\n\n")) <= set(paragraphs)


def test_a_blank_text_has_no_pages() -> None:
    assert paged(" \n\n ") == ()


def test_leval_questions_know_their_document_marks_and_pages(tmp_path: Path) -> None:
    text = f"{words(500)}\n\nThe owl sleeps by day.\n\n{words(500)}"
    path = write(
        tmp_path / "birds.jsonl",
        document(text, ("When?", "By day"), ("Who?", "The owl")),
        document(text, ("When?", "By day"), ("Why?", "It is tired"), evaluation="LLM"),
        document("Another text.", ("Which?", "(B) the second"), evaluation="exam"),
    )
    made = leval.cases(path, length)
    assert [one.question.split("\n")[0] for one in made] == ["When?", "Who?", "Why?", "Which?"]
    assert [one.metric for one in made] == [Metric.F1, Metric.F1, Metric.F1, Metric.CHOICE]
    assert made[3].answers == ("B", "the second")
    assert [one.evidence for one in made] == [frozenset([1]), frozenset([1]), frozenset(), frozenset()]
    assert [one.task for one in made] == ["birds"] * 4
    first = leval.cases(path, length, documents=1, questions=2)
    assert [one.question for one in first] == ["When?", "Who?"]


def test_leval_documents_are_laid_one_after_another(tmp_path: Path) -> None:
    texts = [f"{words(390, name)} key {name}" for name in ("a", "b", "c")]
    rows = [document(text, ("Which key?", f"key {text[-1]}")) for text in texts]
    made = leval.cases(write(tmp_path / "keys.jsonl", *rows), length, tokens=900)
    assert [one.answers[0][-1] for one in made] == ["a", "b", "c"]
    first, second, third = made
    assert first.pages == second.pages == (texts[0], texts[1])
    assert third.pages == (texts[2], texts[0]), "the others fill the room that is left"
    assert [sorted(one.evidence) for one in made] == [[0], [1], [0]]
    assert [one.depth for one in made] == [0, 1, 0]


def test_the_last_leval_document_is_cut_at_a_page_and_asked_elsewhere(tmp_path: Path) -> None:
    long = f"{words(500, 'x')}\n\n{words(500, 'y')}\n\nkey b"
    rows = [document(f"{words(300)} key a", ("Which?", "key a")), document(long, ("Which?", "key b"))]
    first, second = leval.cases(write(tmp_path / "keys.jsonl", *rows), length, tokens=900)
    assert [length(page) for page in first.pages] == [302, 500]
    assert second.pages == paged(long), "whole, however long"


@pytest.mark.parametrize(
    ("answer", "metric"),
    [("(B) words", Metric.CHOICE), ("C", Metric.CHOICE), ("ABD", Metric.CHOICE), ("Art", Metric.CONTAINS)],
)
def test_an_exam_has_letters_or_words(tmp_path: Path, answer: str, metric: Metric) -> None:
    path = write(tmp_path / "exam.jsonl", document("text", ("Which?", answer), evaluation="exam"))
    (made,) = leval.cases(path, length)
    assert made.metric is metric


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{}\n", "has no document, questions, answers, evaluation"),
        ("[1]\n", "has no document"),
        ("{\n", "line 1, is not JSON"),
        (json.dumps(document("x", ("q", "a"), evaluation="stars")), "'stars' is not known"),
    ],
)
def test_what_is_no_leval_file_is_refused_in_words(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(content)
    with pytest.raises(CasesError, match=told):
        leval.cases(path, length)


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(CasesError, match="cannot be read"):
        leval.cases(tmp_path / "none.jsonl", length)


def bench(dataset: str, **fields: Any) -> dict[str, Any]:
    row = {"input": "Who?", "context": "The owl sleeps.", "answers": ["owl", "an owl"], "dataset": dataset}
    return {**row, **fields}


def test_longbench_marks_by_dataset(tmp_path: Path) -> None:
    path = write(
        tmp_path / "mixed.jsonl", bench("hotpotqa_e"), bench("gov_report", input=""), bench("passage_retrieval_en")
    )
    made = longbench.cases(path)
    assert [one.metric for one in made] == [Metric.F1, Metric.ROUGE, Metric.CONTAINS]
    assert made[0].answers == ("owl", "an owl")
    assert made[0].evidence == {0}
    assert made[1].question == "Write a summary of the whole text."
    assert made[2].question.endswith("\nWho?")
    assert len(longbench.cases(path, documents=2)) == 2


def test_longbench_datasets_without_known_marks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CasesError, match="'lcc'"):
        longbench.cases(write(tmp_path / "lcc.jsonl", bench("lcc")))


def test_infinitebench_tasks_are_named_by_their_files(tmp_path: Path) -> None:
    row = {"id": 0, "context": "The owl sleeps.", "input": "Who?", "answer": ["The owl"], "options": []}
    (told,) = infinitebench.cases(write(tmp_path / "longbook_qa_eng.jsonl", row))
    assert (told.metric, told.evidence, told.task) == (Metric.F1, frozenset([0]), "longbook_qa_eng")
    choice = {**row, "options": ["the cat", "The owl"]}
    (chosen,) = infinitebench.cases(write(tmp_path / "longbook_choice_eng.jsonl", choice))
    assert chosen.answers == ("B", "The owl")
    assert "(A) the cat\n(B) The owl" in chosen.question
    with pytest.raises(CasesError, match="none of its options"):
        infinitebench.cases(write(tmp_path / "code_debug.jsonl", row))
    with pytest.raises(CasesError, match="'own'"):
        infinitebench.cases(write(tmp_path / "own.jsonl", row))
