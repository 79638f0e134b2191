"""Several pages recognised at the same time, each by an engine of its own on one processor.

Threads that share one page wait for each other where lines are found and cut out: two that shared it took 4.5 s of
processor time for a page, and one alone takes 3.9 s.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Protocol

from .pictures import NoPicture
from .recognised import RecognisedPage


class Recogniser(Protocol):
    """What recognises a picture as page `index`."""

    def recognise(self, index: int, picture: Any) -> RecognisedPage: ...


def recognised(pictures: Iterator[tuple[int, Any]], engines: Sequence[Recogniser]) -> Iterator[RecognisedPage]:
    """Yield the pages in the order of their pictures, of which no more are drawn than there are engines, and one.

    Raises what drawing and recognising raise.
    """
    free: SimpleQueue[Recogniser] = SimpleQueue()
    for engine in engines:
        free.put(engine)

    def one(index: int, picture: Any) -> RecognisedPage:
        if isinstance(picture, NoPicture):
            return RecognisedPage(index, "", 0.0, (), failure=picture.reason)
        engine = free.get()
        try:
            return engine.recognise(index, picture)
        finally:
            free.put(engine)

    waiting: deque[Future[RecognisedPage]] = deque()
    with ThreadPoolExecutor(len(engines)) as pool:
        for index, picture in pictures:
            waiting.append(pool.submit(one, index, picture))
            while waiting and (waiting[0].done() or len(waiting) > len(engines)):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
