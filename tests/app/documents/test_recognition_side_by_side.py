"""Pages that are recognised at the same time come in order, and no more of them are drawn than are needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from wholedoc.documents.recognition.recognised import RecognisedPage
from wholedoc.documents.recognition.side_by_side import recognised
from wholedoc.errors import UnreadableFileError


class Slow:
    """Takes longer for the first pages, and notes how many are at work in it at once."""

    def __init__(self) -> None:
        self.at_work = self.most = 0
        self.threads: set[int] = set()

    def recognise(self, index: int, picture: str) -> RecognisedPage:
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        self.threads.add(threading.get_ident())
        time.sleep(0.05 if index < 2 else 0.001)
        self.at_work -= 1
        return RecognisedPage(index, picture, 1.0, ())


def test_pages_come_in_order_and_each_engine_has_one_at_a_time() -> None:
    drawn: list[int] = []

    def pictures() -> Iterator[tuple[int, str]]:
        for index in range(12):
            drawn.append(index)
            yield index, f"page {index}"

    engines = [Slow(), Slow(), Slow()]
    found = recognised(pictures(), engines)
    first = next(found)
    assert len(drawn) <= len(engines) + 1
    pages = [first, *found]
    assert [(page.index, page.text) for page in pages] == [(index, f"page {index}") for index in range(12)]
    assert all(engine.most == 1 for engine in engines)
    assert len(set().union(*(engine.threads for engine in engines))) > 1


def test_a_page_that_cannot_be_drawn_ends_it() -> None:
    def pictures() -> Iterator[tuple[int, str]]:
        yield 0, "sound"
        raise UnreadableFileError("a.pdf: page 2 is damaged.")

    with pytest.raises(UnreadableFileError, match="page 2"):
        list(recognised(pictures(), [Slow(), Slow()]))
