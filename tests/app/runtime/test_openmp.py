"""Threads that wait asleep: set before torch is there, in whatever starts it, and never against the user."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wholedoc.models import conversion
from wholedoc.runtime import openmp

ROOT = Path(__file__).parents[3]
# Stands where torch would be, and says how threads were told to wait when it was imported.
TORCH = """
import os
with open(os.environ["SAID"], "w") as said:
    said.write(repr([os.environ.get(name) for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "KMP_BLOCKTIME")]))
os._exit(0)
"""
ENTRIES = {
    "command line": ("wholedoc", "doctor"),
    "server": ("wholedoc", "serve", "--no-ui"),
    "page": ("wholedoc", "ui"),
    "ranks": ("wholedoc", "ask", "sample_docs/short_notice.pdf", "-q", "Who?", "--ranks", "2"),
    "benchmarks": ("benchmarks", "stopping", "--quick"),
}


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which a process that imports torch says how its threads were told to wait: not at all, so far."""
    (tmp_path / "instead" / "torch").mkdir(parents=True)
    (tmp_path / "instead" / "torch" / "__init__.py").write_text(TORCH)
    (tmp_path / "instead" / "gradio.py").write_text("import torch")  # the page loads it first, which takes seconds
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "instead"))
    monkeypatch.setenv("SAID", str(tmp_path / "said"))
    for name in openmp.CHOSEN_BY_USER:
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "said"


def start(*entry: str) -> None:
    command = [sys.executable, "-m", *entry]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=240)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_threads_are_told_to_wait_asleep_before_torch_is_imported(entry: tuple[str, ...], said: Path) -> None:
    start(*entry)
    assert said.read_text() == repr([str(openmp.SPINS), None, None])


def test_the_child_that_converts_a_model_is_told_too(said: Path, tmp_path: Path) -> None:
    """A Python program that fetches a model has told its own threads nothing."""
    conversion.convert(tmp_path / "a.gguf", tmp_path / "target", "a", conversion.EXACT, lambda _: None)
    assert said.read_text() == repr([str(openmp.SPINS), None, None])
    assert "GOMP_SPINCOUNT" not in os.environ


def test_importing_the_library_tells_nothing(said: Path) -> None:
    """The environment belongs to the program that imports it."""
    program = "import wholedoc, wholedoc.cli, wholedoc.runtime.openmp, wholedoc.library"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=240)
    assert said.read_text() == repr([None, None, None])


@pytest.mark.parametrize("name", openmp.CHOSEN_BY_USER)
def test_what_the_user_has_set_is_kept(name: str, said: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = {"GOMP_SPINCOUNT": "7", "OMP_WAIT_POLICY": "active", "KMP_BLOCKTIME": "3"}[name]
    monkeypatch.setenv(name, chosen)
    assert openmp.waiting_asleep(os.environ) == {}
    start(*ENTRIES["command line"])
    assert said.read_text() == repr([chosen if one == name else None for one in openmp.CHOSEN_BY_USER])


@pytest.mark.skipif(sys.platform != "linux", reason="torch brings another OpenMP there")
def test_openmp_has_read_it() -> None:
    """Asked of the library itself, which lists its settings when it is loaded."""
    environment = {name: value for name, value in os.environ.items() if name not in openmp.CHOSEN_BY_USER}
    program = "from wholedoc.runtime.openmp import wait_asleep; wait_asleep(); import torch"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment, "OMP_DISPLAY_ENV": "verbose"},
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    assert f"GOMP_SPINCOUNT = '{openmp.SPINS}'" in ran.stderr
