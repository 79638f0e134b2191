"""docs/cli.md says what the commands' --help says, wherever it is made."""

from __future__ import annotations

import pytest
from tools import cli_docs


def test_the_document_is_up_to_date() -> None:
    assert cli_docs.PATH.read_text(encoding="utf-8") == cli_docs.cli_docs(), "run `make cli-docs`"


@pytest.mark.parametrize("columns", ["30", "200"])
def test_the_terminal_and_the_environment_change_nothing(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cli_docs.cli_docs()
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("WHOLEDOC_HOME", "/nowhere")
    assert cli_docs.cli_docs() == before


def test_every_command_is_in_it_with_those_that_other_packages_add() -> None:
    document = cli_docs.cli_docs()
    for command in ("add", "ask", "ui", "serve", "mcp", "models fetch", "library verify"):
        assert f"## wholedoc {command}\n" in document
