"""The check of what `make dist` has built: it takes the one wheel, and helps itself to nothing that is here."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tools import install_check
from tools.install_check import InstallError, check, wheel, with_uvx

PROGRAM = """
import json, os, sys
given = sys.argv[1:]
assert not any(name.startswith(("PYTHON", "VIRTUAL_ENV")) for name in os.environ), "the environment leads elsewhere"
assert os.environ["WHOLEDOC_HOME"]
if given[0] == "--version":
    print("wholedoc 0.1.0")
elif given[0] == "ui":
    print('pip install "wholedoc[ui]"', file=sys.stderr)
    sys.exit(2)
else:
    print(json.dumps({"answers": [{"found": True, "citations": [{"quote": QUOTE}]}]}))
"""


def program(folder: Path, quote: str) -> list[str | Path]:
    """A command that says what an installed program says."""
    file = folder / "program.py"
    file.write_text(f"QUOTE = {quote!r}\n{PROGRAM}", encoding="utf-8")
    return [sys.executable, file]


def test_a_program_that_answers_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    check(program(tmp_path, "Use channel 12."), tmp_path / "home")


def test_one_that_quotes_something_else_does_not(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="ended with 0") as caught:
        check(program(tmp_path, "Use channel 9."), tmp_path / "home")
    assert json.dumps("Use channel 9.") in str(caught.value)


@pytest.mark.parametrize("names", [[], ["a.whl", "b.whl"]])
def test_there_must_be_one_wheel(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(InstallError, match=f"has {len(names)} wheels"):
        wheel(tmp_path)


def test_uvx_keeps_what_it_installs_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install_check, "wheel", lambda: tmp_path / "w.whl")
    command = with_uvx(tmp_path)
    assert command[command.index("--cache-dir") + 1] == tmp_path
    assert command[-3:] == ["--from", tmp_path / "w.whl", "wholedoc"]
