"""The examples in docs/server.md work as they are written there."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

import click

from wholedoc.cli import cli

from .serving import Server

pytestmark = pytest.mark.embedded
ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL)
WHERE = "http://127.0.0.1:8000"
PYTHON = [block for language, block in BLOCKS if language == "python"]


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("example", PYTHON, ids=[example.split()[1] for example in PYTHON])
def test_a_python_example_runs(
    example: str, server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip(example.split()[1].split(".")[0])
    monkeypatch.chdir(ROOT)
    assert WHERE in example
    exec(compile(example.replace(WHERE, server.url), "docs/server.md", "exec"), {})
    assert capsys.readouterr().out.strip()


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_curl_example_runs(server: Server) -> None:
    (example,) = [block for language, block in BLOCKS if language == "bash"]
    commands = re.split(r"\n(?=curl)", example.replace(WHERE, server.url))
    known = hashlib.sha256((ROOT / "sample_docs" / "short_notice.pdf").read_bytes()).hexdigest()
    server.http.delete(f"/v1/files/{known}")  # which another test may have uploaded by another name
    uploaded, answered = (
        json.loads(subprocess.run(["bash", "-ec", one], cwd=ROOT, capture_output=True, check=True).stdout)
        for one in commands
    )
    assert uploaded["filename"] == "short_notice.pdf"
    assert uploaded["id"] in example
    assert answered["choices"][0]["message"]["content"]


def test_every_option_exists() -> None:
    command = cli.commands["serve"]
    options = {name for parameter in command.params for name in parameter.opts}
    named = set(re.findall(r"`(--[\w-]+)", TEXT))
    assert {"--host", "--key"} <= named <= options
    (lines,) = [block for language, block in BLOCKS if not language]
    assert "wholedoc serve" in lines
    assert isinstance(command, click.Command)
