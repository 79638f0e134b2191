"""Fixtures of the tests of documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wholedoc import Document
from wholedoc.documents.extraction import read_document


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Document]:
    """Write bytes to a file of this name and read it. `options` are those of `read_document`."""

    def read_bytes(data: bytes, name: str = "report.pdf", **options: object) -> Document:
        path = tmp_path / name
        path.write_bytes(data)
        return read_document(path, **options)  # type: ignore[arg-type]

    return read_bytes
