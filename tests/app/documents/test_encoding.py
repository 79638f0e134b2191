"""A text in pieces has the tokens of the whole text, and one that is too long is given up early."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from wholedoc.documents import encoding, tokenized
from wholedoc.documents.document import Document
from wholedoc.documents.encoding import longest_token, pieces
from wholedoc.documents.tokenized import TooManyTokensError, count_tokens, tokenize

pytestmark = pytest.mark.embedded
# Words, and all that may stand beside the white space between them.
PARTS = st.sampled_from(
    [
        "word",
        "a",
        "7",
        "中文",
        "é",
        "e\u0301",
        "ß",
        "'s",
        "...",
        ",",
        "，",
        "。",
        "=",
        "_",
        "<|im_end|>",
        "🙂",
        " ",
        "  ",
        "\n",
        "\n\n",
        "\r\n",
        "\t",
        "\u00a0",
    ]
)
TEXTS = st.lists(PARTS, max_size=80).map("".join)


@pytest.fixture(scope="module")
def tokenizer(embedded_folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(str(embedded_folder))


@given(text=TEXTS, characters=st.integers(1, 20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_pieces_have_the_tokens_of_the_whole(tokenizer: Any, text: str, characters: int) -> None:
    whole = tokenizer(
        text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=True, verbose=False
    )
    made = Document.from_pages("id", "name", [(text, "1")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding.pieces, "__defaults__", (characters,))
        assert "".join(pieces(tokenizer, text)) == text
        found = tokenize(made, tokenizer)
    assert found.token_ids == tuple(whole["input_ids"])
    assert list(zip(found.starts.tolist(), found.ends.tolist(), strict=True)) == whole["offset_mapping"]


def test_text_is_cut_between_words(tokenizer: Any) -> None:
    assert list(pieces(tokenizer, "one two\nthree, four", 2)) == ["one", " two", "\nthree", ", four"]


def test_a_tokenizer_that_joins_words_gets_the_whole_text() -> None:
    backend = Tokenizer(
        models.BPE({"<unk>": 0, "▁": 1, "a": 2, "b": 3, "a▁b": 4, "a▁": 5}, [("a", "▁"), ("a▁", "b")])
    )
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never", split=False)
    joining = PreTrainedTokenizerFast(tokenizer_object=backend)
    assert joining("a b")["input_ids"] == [4]
    assert list(pieces(joining, "a b a b", 1)) == ["a b a b"]


def test_an_endless_word_is_cut_all_the_same(tokenizer: Any) -> None:
    assert [len(piece) for piece in pieces(tokenizer, "a" * 600_000)] == [250_000, 250_000, 100_000]


def test_counting_stops_where_there_are_too_many(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a b c d " * 40_000
    assert count_tokens(text, tokenizer, 10**7) == len(
        tokenize(Document.from_pages("i", "n", [(text, "1")]), tokenizer)
    )
    seen: list[int] = []
    encode = encoding.encodings

    def noted(*given: Any, **named: Any) -> Any:
        for piece, encoded in encode(*given, **named):
            seen.append(len(piece))
            yield piece, encoded

    monkeypatch.setattr(tokenized, "encodings", noted)
    with pytest.raises(TooManyTokensError) as refused:
        count_tokens(text, tokenizer, 1000)
    assert refused.value.counted > 1000
    assert sum(seen) < 2 * encoding.PIECE_CHARACTERS < len(text)


def test_no_token_is_longer_than_the_longest(tokenizer: Any) -> None:
    longest = max(len(tokenizer.decode([id])) for id in range(len(tokenizer)))
    assert 1 < longest <= longest_token(tokenizer)
