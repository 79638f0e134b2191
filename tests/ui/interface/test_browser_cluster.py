"""The browser app of `wholedoc cluster`, in a real browser: the same page, answered by a replica."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..browser import Server, a_server, a_tab

pytest.importorskip("gradio")
pytest.importorskip("ray")
# Ray starts six processes, which takes a minute or more where the machine is busy.
pytestmark = [pytest.mark.embedded, pytest.mark.timeout(900)]
NOTICE = Path(__file__).parents[3] / "sample_docs" / "short_notice.pdf"
CHANNEL = "Which radio channel should a yacht use to announce herself?"


@pytest.fixture(scope="module")
def server(browser: Any, model_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("cluster-page")
    with a_server(home, model_library, command="cluster", patience=400.0) as running:
        yield running


def test_a_dropped_file_is_read_and_asked_by_a_replica(browser: Any, server: Server) -> None:
    with a_tab(browser, server) as tab:
        tab.drop(NOTICE)
        tab.wait_read(NOTICE.name)
        tab.ask(CHANNEL)
        tab.page.locator(".wd-citations button").first.wait_for()
        assert "12" in tab.wait_answer()
        first = tab.page.locator(".wd-citations button").first
        assert first.locator(".wd-page").inner_text() == "[1] p. 1"
        first.click()
        tab.page.locator(".wd-highlight").first.wait_for()
