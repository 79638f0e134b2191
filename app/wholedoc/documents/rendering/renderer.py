"""The pages of one file, drawn one after the other by a limited child process that stays with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...errors import UnreadableFileError
from ...runtime.limited_process import CrashedError, Job, command_for
from ...runtime.standing_process import StandingProcess
from ..extraction.pages.clean import clean_line
from ..extraction.pages.extracted import InvalidResultError
from .limits import DEFAULT_LIMITS, RenderingLimits
from .page_image import Box, PageImage, TextLine
from .reply import parse_answer, parse_lines, parse_places, parse_sizes
from .request import Opening, Request, Wanted

_NARROWEST = 16


def render_page(
    path: Path,
    page: int,
    *,
    quote: str = "",
    width: int = 1000,
    password: str | None = None,
    limits: RenderingLimits = DEFAULT_LIMITS,
) -> PageImage:
    """Draw one page of a file, and find `quote` on it. Raises what PageRenderer's methods raise."""
    renderer = PageRenderer(path, password=password, limits=limits)
    try:
        image = renderer.picture(page, width)
        return replace(image, boxes=renderer.quote(page, quote)) if quote else image
    finally:
        renderer.close()


class PageRenderer:
    """Draws pages of the file at a path, which is called `name` in messages if it has another. Threads share it.

    Starting a process takes longer than drawing a page, so that it stays until `close`. It never sees another file.
    Pages count from 1. All methods raise `UnreadableFileError`, `PasswordError`, `NoSuchPageError` or
    `ExtractionLimitError`, each with one sentence for the person who asked.
    """

    def __init__(
        self, path: Path, name: str = "", password: str | None = None, limits: RenderingLimits = DEFAULT_LIMITS
    ) -> None:
        self._name = clean_line(name or path.name) or "The file"
        self._limits = limits
        opening = Opening(str(path.absolute()), self._name, password or None, limits)
        job = Job(
            worker_command(),
            opening.to_json(),
            limits,
            f"Showing {self._name}",
            "save it anew as PDF and try again",
        )
        self._process = StandingProcess(job)

    def sizes(self, pages: int) -> tuple[tuple[float, float], ...]:
        """Return the width and height of each of the first `pages` pages, in a unit of the file's own."""
        try:
            return parse_sizes(self._ask(Request(Wanted.SIZES, pages)))
        except InvalidResultError as error:
            raise self._harmful(1, error) from error

    def picture(self, page: int, width: int) -> PageImage:
        """Draw a page, `width` pixels wide or less where it would be beyond the limits.

        Raises `ValueError` for a page or a width that no picture can have, too.
        """
        if page < 1:
            raise ValueError(f"pages count from 1, so there is no page {page}")
        if not _NARROWEST <= width <= self._limits.side:
            raise ValueError(f"a picture is {_NARROWEST} to {self._limits.side} pixels wide, not {width}")
        raw = self._ask(Request(Wanted.PICTURE, page, width))
        try:
            return parse_answer(raw, self._limits)
        except InvalidResultError as error:
            raise self._harmful(page, error) from error

    def lines(self, page: int) -> tuple[TextLine, ...]:
        """Return what a page says, line by line in the order of the file. The text of a picture is none."""
        try:
            return parse_lines(self._ask(Request(Wanted.LINES, page)))
        except InvalidResultError as error:
            raise self._harmful(page, error) from error

    def quote(self, page: int, quote: str) -> tuple[Box, ...]:
        """Return a box for each line of a quote's first occurrence on a page; none where it is not found.

        It is looked for by its letters and digits, so spaces, hyphens, ligatures and accents may differ.
        """
        places = self._places(Request(Wanted.QUOTE, page, text=quote))
        return places[0] if places else ()

    def words(self, page: int, words: str) -> tuple[tuple[Box, ...], ...]:
        """Return the boxes of each occurrence of `words` on a page, in reading order."""
        return self._places(Request(Wanted.WORDS, page, text=words))

    def close(self) -> None:
        """End the process. The next page that is drawn starts another."""
        self._process.close()

    def _places(self, request: Request) -> tuple[tuple[Box, ...], ...]:
        try:
            return parse_places(self._ask(request))
        except InvalidResultError as error:
            raise self._harmful(request.page, error) from error

    def _ask(self, request: Request) -> bytes:
        page = 1 if request.wanted is Wanted.SIZES else request.page
        try:
            return self._process.ask(request.to_json(), f"Showing page {page:,} of {self._name}")
        except CrashedError as error:
            raise self._harmful(page, error) from error

    def _harmful(self, page: int, error: Exception) -> UnreadableFileError:
        return UnreadableFileError(
            f"Page {page:,} of {self._name} made its renderer crash ({error}), so it is damaged or harmful:"
            " fetch the file again, or save it anew."
        )


def worker_command() -> list[str]:
    """Return the command that starts a worker."""
    return command_for("wholedoc.documents.rendering.worker")
