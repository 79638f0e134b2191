"""Any LlamaIndex LLM writes the answers to what wholedoc finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback

from wholedoc import Library, Settings
from wholedoc.llama_index import WholeDocumentQueryEngine
from wholedoc.llama_index.writer import LlamaIndexWriter
from wholedoc.writers.assignment import TASK

from ..test_library import PARAGRAPHS, write

pytestmark = [pytest.mark.embedded, pytest.mark.usefixtures("always_cites")]


class Other(CustomLLM):
    """An LLM that is not ours, and says what it is to say."""

    said: tuple[str, ...] = ("Salt", ", in crates.")
    heard: list[str]

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="other")

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        return CompletionResponse(text="".join(self.said))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponseGen:
        self.heard.append(prompt)
        text = ""
        for delta in self.said:
            text += delta
            yield CompletionResponse(text=text, delta=delta)


def test_it_answers_from_the_passages_and_the_pages_are_cited(settings: Settings, tmp_path: Path) -> None:
    llm = Other(heard=[])
    library = Library.open(settings=settings)
    engine = WholeDocumentQueryEngine.from_files(
        [write(tmp_path / "log.txt", PARAGRAPHS)], llm=llm, library=library
    )
    response = engine.query("What came in?")
    assert str(response) == "Salt, in crates."
    assert response.source_nodes
    (prompt,) = llm.heard
    assert TASK in prompt
    assert prompt.count("[page ") == 4
    assert library.writer is None  # the library that was given is not changed


def test_what_it_says_streams(settings: Settings, tmp_path: Path) -> None:
    engine = WholeDocumentQueryEngine.from_files(
        [write(tmp_path / "log.txt", PARAGRAPHS)],
        llm=Other(heard=[]),
        library=Library.open(settings=settings),
        streaming=True,
    )
    assert [text for text in engine.query("What came in?").response_gen if text] == ["Salt", ", in crates."]


def test_its_name_is_known() -> None:
    assert LlamaIndexWriter(Other(heard=[])).name == "other"
