"""The first page of an empty library in a real browser: from the first paint on, with samples to click."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..browser import Server, a_server, a_tab

pytest.importorskip("gradio")
pytestmark = pytest.mark.embedded
NOTICE = Path(__file__).parents[3] / "sample_docs" / "short_notice.pdf"


@pytest.fixture(scope="module")
def empty(model_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with nothing on its shelf."""
    with a_server(tmp_path_factory.mktemp("empty"), model_library) as running:
        yield running


@pytest.mark.parametrize("window", [(1440, 900), (390, 844)])
def test_the_first_page_offers_a_drop_and_samples(browser: Any, empty: Server, window: tuple[int, int]) -> None:
    width, height = window
    with a_tab(browser, empty, viewport={"width": width, "height": height}) as tab:
        page = tab.page
        page.locator("#wd-samples button").first.wait_for()
        assert page.locator("#wd-samples button").count() == 2
        for hidden in ("#wd-middle", "#wd-right", "#wd-model-in-use", "#wd-conversations"):
            assert not page.locator(hidden).is_visible()
        page.locator("#wd-samples button", has_text="A notice to yachts").click()
        page.locator("#wd-samples").wait_for(state="hidden")
        tab.show("Documents")
        tab.wait_read(NOTICE.name)
        assert not page.locator("#wd-samples").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        tab.show("Pages")
        page.locator(".wd-sheet[data-page='1'] img").wait_for()
        tab.show("Chat")
        assert page.locator(".wd-suggestion:visible").count() == 3
        tab.show("Documents")
        tab.remove(NOTICE.name)  # for the other window


def test_nothing_else_is_painted_before_the_first_page(browser: Any, empty: Server) -> None:
    """Three empty columns used to stand there for a moment."""
    with a_tab(browser, empty) as tab:
        page = tab.page
        page.add_init_script(
            """window.painted = new Set();
            const look = () => {
              for (const id of ["wd-welcome", "wd-middle", "wd-conversations", "wd-model-in-use"]) {
                if (document.getElementById(id)?.checkVisibility()) window.painted.add(id);
              }
              requestAnimationFrame(look);
            };
            look();"""
        )
        page.reload()
        tab.wait_ready()
        page.locator("#wd-samples button").first.wait_for()
        assert page.evaluate("[...painted]") == ["wd-welcome"]
