"""In which order parts are asked: by the question's words, whatever their endings, and by those the writer adds."""

from __future__ import annotations

from wholedoc.documents.bm25 import bm25, rarities
from wholedoc.everywhere.asking import PartsAsking
from wholedoc.everywhere.related import RELATED, related_stems
from wholedoc.everywhere.stems import counted, stems

from .documents import document_of
from .scripted import Ruled

TEXTS = ("Licences were suspended.", "The licence of Ada was declined.", "Nobody came. The ferry was late.")
WORDS = [counted(text) for text in TEXTS]


def test_endings_and_the_words_that_only_ask_do_not_matter() -> None:
    assert stems("Which licences were suspended?") == stems("licence suspends") == {"licen", "suspe"}
    assert stems("How many are there in the document?") == frozenset()


def test_parts_that_share_rare_words_come_first() -> None:
    ratings = bm25(stems("Whose licences were suspended?"), WORDS)
    assert ratings[0] > ratings[1] > ratings[2] == 0
    rarity = rarities(stems("Whose licences were suspended in Atlantis?"), WORDS)
    assert set(rarity) == {"licen", "suspe"}
    assert rarity["suspe"] > rarity["licen"] > 0


def test_the_writer_adds_words_that_the_question_does_not_have() -> None:
    writer = Ruled(lambda _: "refused, declined, rejected, Refused")
    assert related_stems(writer, "Who was refused?") == {"decli", "rejec"}
    assert writer.told == [RELATED.format(question="Who was refused?")]


def test_what_the_writer_adds_brings_parts_forward_but_weighs_less() -> None:
    pages = [f"{text}\n" + "It goes on about this and that at some length here. " * 9 for text in TEXTS]
    document = document_of(*pages)

    def first(related: str, question: str) -> str:
        return PartsAsking((document,), question, Ruled(lambda _: related)).promising(question)[0].text

    assert first("declined", "Who was turned down?").startswith("The licence of Ada")
    assert first("declined", "Which licences were suspended?").startswith("Licences were suspended")
