"""Reading a page that was fetched from the web: its main text, as trafilatura finds it."""

from __future__ import annotations

import logging

from ....errors import UnreadableFileError
from ..pages.extracted import Extracted
from ..pages.paging import extracted_from_text
from .html import read_html, read_web_page
from .plain import markdown_headings

_LEFT_OUT = "Only the page's main text was kept: menus and what else surrounds it were left out."
_ALL_KEPT = "The page's main text could not be told from what surrounds it, so all of its text was kept."


def read_fetched_page(data: bytes, name: str) -> Extracted:
    """Read the main text of a page. Where trafilatura finds none, all text is kept, as of any HTML file.

    Raises `UnreadableFileError`, with what to install if trafilatura is not, and what `read_html` raises.
    """
    try:
        import trafilatura
    except ModuleNotFoundError as error:
        raise UnreadableFileError(
            f'{name}: web pages are read where `pip install "wholedoc[web]"` was run.'
        ) from error
    whole = read_html(data, name)  # refuses what takes too long, before anything else parses it
    logging.disable(logging.CRITICAL)
    found = trafilatura.extract(
        data,
        output_format="markdown",
        include_comments=False,
        include_tables=True,
        favor_recall=True,
        deduplicate=False,
    )
    if not found or not found.strip():
        return Extracted(whole.pages, whole.outline, (*whole.warnings, _ALL_KEPT))
    title = read_web_page(data, name).title
    text = found if not title or title in found[: 2 * len(title) + 10] else f"{title}\n\n{found}"
    return extracted_from_text(text, markdown_headings(text), (*whole.warnings, _LEFT_OUT))
