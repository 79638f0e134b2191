"""The upper bound of every method that chooses chunks: an ordinary prompt of the chunk with the answer."""

from __future__ import annotations

from dataclasses import replace

from wholedoc.models.text_model import TextModel

from ..cases.case import Case
from ..method import NotApplicable, Outcome
from .answer_places import answer_places
from .asked import Reply
from .chunks import CHUNK_TOKENS, chunks_of, together, tokens_of
from .plain_model import PromptMethod


class AnswerChunk(PromptMethod):
    """Answers from the chunk that says an accepted answer, or from two if the answer stands across their border.

    If the answer stands in several places, the first on an evidence page counts, else the first of all.
    """

    name = "answer chunk alone"

    def __init__(self, model: TextModel, reply: Reply, chunk_tokens: int = CHUNK_TOKENS) -> None:
        super().__init__(model, reply)
        self._chunk_tokens = chunk_tokens

    def answer(self, case: Case) -> Outcome:
        """Answer from the chunk alone.

        Raises NotApplicable if the document never says an accepted answer word for word, or if the question leaves
        no room for the chunk.
        """
        asked = self._asker(case)
        places = answer_places(case, asked.document)
        if not places:
            raise NotApplicable("the document does not say an accepted answer word for word")
        place = places[0]
        chunks = chunks_of(asked.document, self._chunk_tokens)
        chosen = [one for one in chunks if one.start < place.stop and place.start < one.stop]
        if sum(map(len, chosen)) + asked.around > self._plain.window:
            raise NotApplicable("the question leaves no room for the chunk in the window")
        said = self._plain.ask(asked, together(chosen))
        said = replace(said, read_s=0.0, answer_s=said.read_s + said.answer_s)
        return asked.outcome(self._model, said, [tokens_of(one) for one in chosen])
