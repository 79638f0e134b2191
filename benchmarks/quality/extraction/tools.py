"""What reads the text of a PDF's pages: this project, and what it is compared with where that is there."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wholedoc.documents.extraction import read_document

_CHILD = Path(__file__).with_name("baselines_child.py")


@dataclass(frozen=True)
class ReadPages:
    """The text of a PDF's pages by one tool, and the seconds that it took."""

    pages: tuple[str, ...]
    seconds: float


Tool = Callable[[Path], ReadPages]


def tools(python: str | None) -> dict[str, Tool]:
    """Return the tools that are there by their names. `python` is an interpreter that has the ones in Python."""
    found: dict[str, Tool] = {"wholedoc": _wholedoc}
    if shutil.which("pdftotext"):
        found["pdftotext"] = lambda path: _pdftotext(path)
        found["pdftotext -layout"] = lambda path: _pdftotext(path, "-layout")
    for name in ("pymupdf4llm", "pdfplumber") if python else ():
        if subprocess.run([str(python), "-c", f"import {name}"], capture_output=True, check=False).returncode == 0:
            found[name] = lambda path, name=name: _in_python(str(python), name, path)  # type: ignore[misc]
    return found


def _wholedoc(path: Path) -> ReadPages:
    started = time.perf_counter()
    pages = tuple(page.text for page in read_document(path).pages)
    return ReadPages(pages, time.perf_counter() - started)


def _pdftotext(path: Path, *options: str) -> ReadPages:
    started = time.perf_counter()
    done = subprocess.run(["pdftotext", *options, path, "-"], capture_output=True, check=True)
    pages = tuple(done.stdout.decode("utf-8", "replace").split("\f")[:-1])
    return ReadPages(pages, time.perf_counter() - started)


def _in_python(python: str, name: str, path: Path) -> ReadPages:
    done = subprocess.run([python, _CHILD, name, path], capture_output=True, check=True)
    answer = json.loads(done.stdout.splitlines()[-1])
    return ReadPages(tuple(answer["pages"]), float(answer["seconds"]))
