"""What the README tells people to type exists and does what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from wholedoc.cli import cli
from wholedoc.embedded_model import embedded_model
from wholedoc.home import home

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
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
def test_the_python_example_runs(
    embedded_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home() / "models").mkdir(parents=True)
    (home() / "models" / embedded_folder.name).symlink_to(embedded_folder)
    assert embedded_model(home() / "models").resolve() == embedded_folder.resolve()
    (example,) = [block for language, block in BLOCKS if language == "python"]
    monkeypatch.chdir(ROOT)
    exec(compile(example, "README.md", "exec"), {})
    assert "'1'" in capsys.readouterr().out


def test_every_link_to_a_file_leads_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / target).exists(), target
