"""The strip: a bar for each part, as high as what decided."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from bs4 import Tag
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from wholedoc_ui import views

from .view_examples import chunk, parsed

CHUNKS = st.lists(
    st.builds(
        lambda gain, tokens, kept: (gain, tokens, kept),
        st.floats(-3, 3, allow_nan=False),
        st.integers(1, 2000),
        st.booleans(),
    ),
    min_size=1,
    max_size=60,
)


def height(bar: Tag) -> float:
    return float(re.search(r"--height:(-?[\d.]+)", bar["style"])[1])


def bars_of(source: str) -> list[Tag]:
    return parsed(source).select("button.wd-bar")


@examples(max_examples=60, deadline=None)
@given(CHUNKS)
def test_there_is_a_bar_for_each_chunk(values: list[tuple[float, int, bool]]) -> None:
    chunks = [chunk(gain, first=n + 1, tokens=t, kept=kept) for n, (gain, t, kept) in enumerate(values)]
    source = views.strip(chunks, {"d1": "a.pdf"}, {"d1": [str(n) for n in range(1, 99)]})
    bars = bars_of(source)
    assert [bar["data-index"] for bar in bars] == [str(index) for index in range(len(chunks))]
    assert {bar["data-act"] for bar in bars} == {"open_chunk"}
    assert ["wd-kept" in bar["class"] for bar in bars] == [kept for _, _, kept in values]
    assert ["stayed" in bar["aria-label"] for bar in bars] == [kept for _, _, kept in values]
    assert f"the {sum(kept for *_, kept in values)} highest stayed" in " ".join(parsed(source).text.split())
    full = max(0.5, *(gain for gain, *_ in values))
    assert [height(bar) for bar in bars] == [pytest.approx(max(gain, 0) / full, abs=6e-4) for gain, *_ in values]
    assert max(height(bar) for bar in bars) <= 1
    assert [int(re.match(r"flex-grow:(\d+);", bar["style"])[1]) for bar in bars] == [
        tokens for _, tokens, _ in values
    ]
    stops = [index for index, bar in enumerate(bars) if bar["tabindex"] == "0"]
    assert stops == [max(range(len(values)), key=lambda index: values[index][0])]
    assert {bar["tabindex"] for bar in bars} <= {"0", "-1"}


@examples(max_examples=60, deadline=None)
@given(CHUNKS)
def test_page_labels_stand_where_their_chunks_do(values: list[tuple[float, int, bool]]) -> None:
    chunks = [chunk(first=n + 1, tokens=tokens) for n, (_, tokens, _) in enumerate(values)]
    labels = [f"L{n}" for n in range(1, 99)]
    axis = parsed(views.strip(chunks, {"d1": "a.pdf"}, {"d1": labels})).select_one(".wd-axis")
    marks = [
        (float(mark["style"].removeprefix("left:").removesuffix("%")), mark.text) for mark in axis.find_all("span")
    ]
    total = sum(one.tokens for one in chunks)
    starts = {labels[n]: 100 * sum(one.tokens for one in chunks[:n]) / total for n in range(len(chunks))}
    assert marks[0] == (0.0, "L1")
    assert all(place == pytest.approx(starts[label], abs=0.006) for place, label in marks)
    assert [place for place, _ in marks] == sorted({place for place, _ in marks})
    assert len(marks) <= views.AXIS_MARKS
    even = [one.tokens for one in chunks] == [chunks[0].tokens] * len(chunks)
    if even:
        assert len(marks) == min(len(chunks), views.AXIS_MARKS)


@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(0, 3), st.booleans()), min_size=1, max_size=20),
    st.integers(1, 20),
)
def test_what_stayed_is_highest(values: list[tuple[float, float, bool]], kept: int) -> None:
    """Bars were as high as the gain alone, while the question's words had a say in what stayed."""
    order = sorted(range(len(values)), key=lambda index: -sum(values[index][:2]))
    chunks = [
        replace(chunk(gain), gain=None, nll=None, scan=9.0)
        if passed and index not in order[:kept]
        else replace(chunk(gain), worth=gain + words, kept=index in order[:kept])
        for index, (gain, words, passed) in enumerate(values)
    ]
    bars = bars_of(views.strip(chunks, {}, {}))
    stayed = [height(bar) for bar in bars if "wd-kept" in bar["class"]]
    others = [height(bar) for bar in bars if "wd-kept" not in bar["class"]]
    assert not others or min(stayed) >= max(others)


def test_noise_is_no_evidence() -> None:
    """If no chunk explains the question, no bar fills the strip."""
    low = [height(bar) for bar in bars_of(views.strip([chunk(0.01), chunk(-0.5)], {}, {}))]
    assert low == [pytest.approx(0.02), 0.0]
    assert height(bars_of(views.strip([chunk(4.0)], {}, {}))[0]) == 1


def test_bars_say_their_pages_as_printed() -> None:
    chunks = [replace(chunk(0.25, kept=True), pages=(1, 1)), replace(chunk(-0.1), pages=(1, 3))]
    said = [bar["aria-label"] for bar in bars_of(views.strip(chunks, {"d1": "a"}, {"d1": ["i", "ii", "1"]}))]
    assert said == ["p. i: 50% of the full height, stayed for the answer", "pp. i–1: 0% of the full height"]
    beyond = bars_of(views.strip(chunks, {}, {}))  # a document that is gone has no labels any more
    assert beyond[1]["title"].startswith("pp. 1–3:")


def test_documents_stand_side_by_side() -> None:
    chunks = [chunk(tokens=10), chunk(0.9, tokens=20), chunk(id="d2", tokens=5)]
    strip = parsed(views.strip(chunks, {"d1": "a.pdf", "d2": "b.pdf"}, {}))
    parts = strip.select(".wd-strip-document")
    assert [part.select_one(".wd-strip-name").text for part in parts] == ["a.pdf", "b.pdf"]
    assert [part["style"] for part in parts] == ["flex-grow:30", "flex-grow:5"]
    assert [len(part.select(".wd-bar")) for part in parts] == [2, 1]
    assert [bar["data-index"] for bar in strip.select(".wd-bar")] == ["0", "1", "2"]
    assert len(strip.select("[tabindex='0']")) == 1
    assert len(strip.select(".wd-axis")) == 2
    alone = parsed(views.strip(chunks[:2], {"d1": "a.pdf"}, {}))
    assert alone.select(".wd-strip-name") == []


def test_the_strip_tells_what_a_scan_passed_over() -> None:
    scored = replace(chunk(0.3, kept=True), scan=2.1)
    passed = [replace(chunk(first=first), nll=None, gain=None, scan=scan) for first, scan in ((3, 1.04), (5, -0.4))]
    source = views.strip([scored, *passed], {"d1": "a"}, {})
    bars = bars_of(source)
    assert [bar["aria-label"] for bar in bars] == [
        "pp. 1–2: 60% of the full height, stayed for the answer",
        "pp. 3–4: a quick scan passed it over",
        "pp. 5–6: a quick scan passed it over",
    ]
    assert ["wd-passed" in bar["class"] for bar in bars] == [False, True, True]
    assert [height(bar) for bar in bars] == pytest.approx([0.6, 0.198, 0.0], abs=0.001)
    assert "A quick scan passed the 2 pale ones over." in parsed(source).get_text()
    assert "pale" not in views.strip([chunk()], {}, {})


def test_nothing_asked_has_no_strip() -> None:
    assert views.strip([], {}, {}) == ""


def test_a_document_of_one_part_is_said_to_be_one() -> None:
    said = [parsed(views.strip([chunk(1.0)] * count, {}, {})).select_one(".wd-legend").text for count in (1, 2)]  # type: ignore[union-attr]
    assert said[0].startswith("One bar for the one part that was read.")
    assert said[1].startswith("One bar for each of the 2 parts that was read.")
