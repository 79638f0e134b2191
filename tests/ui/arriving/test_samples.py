"""The documents that come along: they are there, and are copied as if a person had dropped them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from wholedoc_ui.app_state import AppState
from wholedoc_ui.arriving.samples import SAMPLES, Sample, copied

from ..conftest import SAMPLES as FOLDER


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one.file)
def test_a_sample_is_a_copy_in_the_uploads(app_state: AppState, sample: Sample) -> None:
    file = Path(copied(sample.file, app_state.uploads))
    assert app_state.uploads.folder in file.parents
    assert file.name == sample.file
    assert file.read_bytes() == (FOLDER / sample.file).read_bytes()


@pytest.mark.parametrize("name", ["", "encrypted.pdf", "../questions.json", "/etc/passwd"])
def test_nothing_else_is_copied(app_state: AppState, name: str) -> None:
    with pytest.raises(KeyError):
        copied(name, app_state.uploads)
    assert list(app_state.uploads.folder.iterdir()) == []


def test_the_package_holds_them() -> None:
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text(encoding="utf-8"))
    held = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert held == {f"sample_docs/{one.file}": f"wholedoc_ui/samples/{one.file}" for one in SAMPLES}
