"""Distances and sizes of letters come from one scale."""

from __future__ import annotations

import re

import pytest

from wholedoc_ui.interface.html import ASSETS

STEPS_PX = {"4": 4, "8": 8, "12": 12, "16": 16, "24": 24, "32": 32}
LETTERS_PX = {"small": 13, "text": 14, "answer": 16, "title": 20, "large": 24}
DISTANCES = r"(?<![\w-])(?:margin|padding|gap|row-gap|column-gap)(?:-\w+)*\s*:\s*([^;}]+)"
SIZES = r"(?<![\w-])font-size\s*:\s*([^;}]+)"
STEP = r"-?\b0\b|auto|calc\(-1 \* var\(--wd-STEPS\)\)|var\(--wd-STEPS\)|!important".replace(
    "STEPS", f"(?:{'|'.join(STEPS_PX)})"
)


@pytest.fixture(params=["style.css", "frame.html"])
def style(request: pytest.FixtureRequest) -> str:
    return (ASSETS / request.param).read_text(encoding="utf-8")


def test_the_scale_is_defined() -> None:
    frame = (ASSETS / "frame.html").read_text(encoding="utf-8")
    defined = dict(re.findall(r"--wd-(\w+): (\d+)px;", frame))
    expected = {**STEPS_PX, **LETTERS_PX, "round": 8}
    assert {name: int(defined.get(name, 0)) for name in expected} == expected


def test_distances_are_steps_of_the_scale(style: str) -> None:
    found = [one.strip() for one in re.findall(DISTANCES, style)]
    assert len(found) > 5
    assert [one for one in found if not re.fullmatch(rf"(?:(?:{STEP})\s*)+", one)] == []


def test_letters_have_sizes_of_the_scale(style: str) -> None:
    found = [one.strip() for one in re.findall(SIZES, style)]
    assert found
    assert [one for one in found if one not in {f"var(--wd-{name})" for name in LETTERS_PX}] == []
