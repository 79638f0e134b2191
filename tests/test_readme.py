"""What the README tells people to type exists and does what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from wholedoc.cli import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
PYTHON = [block for language, block in BLOCKS if language == "python"]
LINES = [line.split("  #")[0].strip() for language, block in BLOCKS if not language for line in block.splitlines()]


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {line.split()[1] for line in LINES if line.startswith("make ")}
    named |= set(re.findall(r"`make (\S+?)`", README))
    assert {"run", "test"} <= named <= targets


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith(".venv/bin/wholedoc")])
def test_every_command_line_is_understood(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    command.make_parser(click.Context(command)).parse_args(arguments)


@pytest.mark.embedded
@pytest.mark.usefixtures("with_notice_read")
@pytest.mark.parametrize("example", [one for one in PYTHON if "base_url" not in one])
def test_the_python_examples_run(
    example: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(example, "README.md", "exec"), {})
    assert "'1'" in capsys.readouterr().out


@pytest.mark.embedded
@pytest.mark.usefixtures("with_notice_read")
def test_the_examples_for_llama_index_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each on its own, as people copy them; they share a library, as people's do."""
    import llama_index.core

    monkeypatch.setattr(llama_index.core, "global_tokenizer", None)
    monkeypatch.setattr(llama_index.core.Settings, "_llm", None)
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs" / "llama_index.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(examples) >= 6
    for example in examples:
        capsys.readouterr()
        exec(compile(example, "llama_index.md", "exec"), {"__name__": "example"})
        said = capsys.readouterr().out
        assert "12" in said, (example, said)


def test_the_server_example_is_the_one_that_is_run() -> None:
    (example,) = [one for one in PYTHON if "base_url" in one]
    assert example in (ROOT / "docs" / "server.md").read_text(encoding="utf-8")


def test_every_link_to_a_file_leads_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / target).exists(), target
