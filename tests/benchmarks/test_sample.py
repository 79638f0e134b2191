"""The front of a sample document."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.sample import SAMPLES, front, front_questions

from wholedoc.documents.extraction import read_document
from wholedoc.documents.tokenized import TokenizedDocument, tokenize


@pytest.fixture(scope="module")
def notice(embedded_folder: Path) -> TokenizedDocument:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(embedded_folder))
    return tokenize(read_document(SAMPLES / "short_notice.pdf"), tokenizer)


@pytest.mark.parametrize("tokens", [1, 700, 1200])
def test_the_front_is_the_beginning_of_text_and_pages(notice: TokenizedDocument, tokens: int) -> None:
    cut = front(notice, tokens)
    assert cut.token_ids == notice.token_ids[:tokens]
    assert notice.document.text.startswith(cut.document.text)
    assert int(cut.ends[-1]) == len(cut.document.text)
    assert int(cut.pages[-1]) == len(cut.document.pages) - 1


def test_a_document_that_is_too_short_is_refused(notice: TokenizedDocument) -> None:
    with pytest.raises(ValueError, match="tokens, not"):
        front(notice, len(notice) + 1)


def test_the_front_is_asked_what_it_can_answer(notice: TokenizedDocument) -> None:
    some = front_questions(front(notice, 900))
    assert 0 < len(some) < len(front_questions(notice))
    assert len(front_questions(front(notice, 5))) > len(some)  # any, for want of one
