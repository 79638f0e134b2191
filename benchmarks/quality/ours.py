"""This project's own method, through its library as any program uses it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from parallelcomp import Question
from wholedoc.answer import Answer, Planned
from wholedoc.answering.asking import Asking
from wholedoc.answering.pipeline import answer_context
from wholedoc.documents.document import Document
from wholedoc.library import Library
from wholedoc.models.chat_template import encode
from wholedoc.reading.corpus import Corpus, ReadDocument
from wholedoc.settings import Settings

from .cases.case import Case, Metric
from .cases.evidence import holds
from .method import Outcome


class Ours:
    """Answers through a library with given settings.

    What one instance has read also serves the others in the same folder that read with the same settings.
    """

    def __init__(self, name: str, settings: Settings, library: Library) -> None:
        """Use the folder of `library`, and its model if the settings name the same one."""
        self._name = name
        self._library = library.with_settings(settings)
        _ = self._library.engine  # loads the model now, so that the first case is not slower than the others

    @property
    def name(self) -> str:
        return self._name

    def answer(self, case: Case) -> Outcome:
        """Read the document as far as the library has not read it yet, ask, and take the NLL."""
        started = time.perf_counter()
        pages = [(text, str(number)) for number, text in enumerate(case.pages, 1)]
        document = self._library.remember_pages(pages, case.task)
        new, document_read = read(self._library, document)
        read_s = time.perf_counter() - started
        said = self._library.ask([document], case.question)
        return Outcome(
            said.text,
            self._nll(case, document_read, said),
            holds(case, _kept_text(case, document_read, said)),
            tuple(citation.page - 1 for citation in said.citations),
            said.usage.kept_tokens,
            read_s,
            said.timings.total_s,
            new,
        )

    def _nll(self, case: Case, document: ReadDocument, said: Answer) -> float | None:
        """Return the NLL of the first accepted answer, nats per token; None for a summary.

        The context that the answer was written from is made again for it.
        """
        if case.metric is Metric.ROUGE:
            return None  # it would be one of very many good summaries
        library, tokenizer = self._library, self._library.model.tokenizer
        alone, after_space = (encode(tokenizer, f"{space}{case.answers[0]}") for space in ("", " "))
        longest = max(library.settings.sampling.max_new_tokens, len(alone), len(after_space))
        room = replace(library.settings.sampling, max_new_tokens=longest)
        corpus = Corpus.of([document])
        asking = Asking(
            library.engine, library.model, corpus, case.question, replace(library.settings, sampling=room)
        )
        question = asking.question()
        stayed = [one for one, scored in zip(corpus.chunks, said.chunks, strict=True) if scored.kept]
        memory = library.engine.plan(corpus.tokens, question_tokens=len(question.all_ids))
        scores = sorted(library.engine.score(stayed, question, memory), key=lambda one: one.index)
        selection = answer_context(asking, scores)
        opened = _ends_in_space(tokenizer, selection.question)
        return library.engine.answer_nll(selection, alone if opened else after_space)


def read(library: Library, document: Document) -> tuple[int, ReadDocument]:
    """Read a document; return how many of its tokens were new to the library, and the document as it was read."""
    reading = library.read(document)
    new = 0
    while True:
        try:
            event = next(reading)
        except StopIteration as stop:
            finished: ReadDocument = stop.value
            return new, finished
        if isinstance(event, Planned):
            new = event.tokens - event.cached_tokens


def _kept_text(case: Case, document: ReadDocument, said: Answer) -> str:
    """Return the text of the kept chunks on the evidence pages, in the document's order.

    Other chunks do not count: the answer's words stand there by chance.
    """
    tokenized = document.tokenized
    wanted = {page + 1 for page in case.evidence}
    texts: list[str] = []
    for one, scored in zip(document.chunks, said.chunks, strict=True):
        if scored.kept and wanted & set(range(scored.pages[0], scored.pages[1] + 1)):
            start, stop = tokenized.starts[one.chunk.start], tokenized.ends[one.chunk.stop - 1]
            texts.append(tokenized.document.text[start:stop])
    return "".join(texts)


def _ends_in_space(tokenizer: Any, question: Question) -> bool:
    """Return whether the question ends in white space, so that the answer's first word needs none before it."""
    text: str = tokenizer.decode(list(question.all_ids[-2:]))
    return text != text.rstrip()
