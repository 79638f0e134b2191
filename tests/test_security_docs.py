"""Each test that docs/security.md names exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
_NAMED = re.compile(r"`(?P<file>[\w/]+\.py)?(?:::(?P<test>test_\w+))?`")


def test_every_promise_names_a_test_that_there_is() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    file, named = "", 0
    for match in _NAMED.finditer(text):
        file = match["file"] or file
        path = ROOT / "tests" / file
        assert path.is_file(), file
        assert match["test"] is None or f"def {match['test']}(" in path.read_text(encoding="utf-8"), match[0]
        named += 1
    assert named > 20
