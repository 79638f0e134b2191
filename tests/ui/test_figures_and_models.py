"""What an answer cost, figures as people say them, and the models."""

from __future__ import annotations

from dataclasses import replace
from time import mktime

import pytest

from wholedoc.models.catalogue import QWEN_CODER_05B, Role
from wholedoc.models.inventory import ModelHere
from wholedoc.models.preparing import Preparing, Step
from wholedoc.settings import Answerer
from wholedoc_ui import views
from wholedoc_ui.cost import Cost
from wholedoc_ui.figures import duration, when
from wholedoc_ui.models.fetching import Fetch, FetchPhase
from wholedoc_ui.models.offers import Offer, Offers
from wholedoc_ui.models.wanted import Wanted
from wholedoc_ui.shelf import Row

from .view_examples import COST, INFO, parsed

# Cost and figures


def facts(spent: Cost) -> dict[str, str]:
    shown = parsed(views.cost(spent))
    return dict(
        zip((one.text for one in shown.find_all("dt")), (one.text for one in shown.find_all("dd")), strict=True)
    )


def test_the_cost_is_what_was_measured() -> None:
    assert facts(COST) == {
        "Read for this question": "none, all were remembered",
        "In the documents": "5,000 tokens",
        "Kept for the answer": "800 tokens",
        "First word after": "1.0 s",
        "Answer": "21 tokens, 10 tokens/s, 3.0 s in all",
        "Memory in use then": "2.5 GB",
    }
    other = facts(replace(COST, tokens_read=1200, tokens_answered=1, device="cuda"))
    assert other["Read for this question"].startswith("1,200")
    assert other["GPU memory in use then"] == "2.5 GB"
    assert other["Answer"] == "1 token, 3.0 s in all"
    at_once = facts(replace(COST, tokens_answered=40, first_token_s=2.99))["Answer"]
    assert at_once == "40 tokens, 3.0 s in all"  # copied, which says nothing of a speed
    assert parsed(views.cost(COST)).summary.text == "3 s · 2 of 69 parts"
    assert parsed(views.cost(replace(COST, total_s=0.2, parts=0))).summary.text == "under 1 s"


def test_support_is_shown_where_the_writer_told() -> None:
    assert "Support" not in facts(COST)
    assert facts(replace(COST, support=0.974))["Support"] == "97%"
    assert facts(replace(COST, support=0.0))["Support"] == "0%"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 s"),
        (12, "12 s"),
        (59.4, "59 s"),
        (59.6, "1:00 min"),
        (60, "1:00 min"),
        (160, "2:40 min"),
        (599, "9:59 min"),
        (600, "10 min"),
        (3599, "59 min"),
        (3599.6, "1:00 h"),
        (3900, "1:05 h"),
        (90_000, "25:00 h"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_times_are_short_and_stay_as_they_are() -> None:
    noon = mktime((2026, 11, 30, 12, 0, 0, 0, 0, -1))
    assert when(noon - 3600, noon) == "11:00"
    assert when(noon - 86_400, noon) == "29 Nov"
    assert when(noon - 365 * 86_400, noon) == "30 Nov 2025"


@pytest.mark.parametrize(
    ("bytes", "said"),
    [(5_000_000, "5 MB"), (640_400_000, "640 MB"), (1_000_000_000, "1.0 GB"), (123_456_000_000, "123.5 GB")],
)
def test_sizes_read_as_people_say_them(bytes: int, said: str) -> None:
    row = parsed(views.shelf([Row(replace(INFO, bytes=bytes), False, False)]))
    assert f" · {said} · " in row.select_one(".wd-facts").text


def test_what_takes_room_takes_more_than_nothing() -> None:
    """A short letter's KV is less than half a megabyte."""
    row = parsed(views.shelf([Row(replace(INFO, bytes=300_000), False, False)]))
    assert "· 0 MB" not in row.text


# Models


def test_a_fetch_shows_how_far_it_is() -> None:
    wanted = Wanted(Role.WRITER, "a model", "another")
    running = Fetch(
        wanted, FetchPhase.RUNNING, "It comes.", Preparing("a model", Step.FETCHING, 250_000_000, 10**9, 75.0)
    )
    page = parsed(views.fetch(running))
    assert page.select_one("progress")["value"] == "250000000"
    assert page.select_one(".wd-facts").text == "Fetching: 250 MB of 1.0 GB · 1:15 min left"
    converting = replace(running, progress=Preparing("a model", Step.CONVERTING, 1, 4, None))
    assert parsed(views.fetch(converting)).select_one(".wd-facts").text == "Converting, once: 25%"
    assert parsed(views.fetch(replace(running, progress=None))).select_one("progress").get("value") is None
    done = parsed(views.fetch(Fetch(wanted, FetchPhase.DONE, "It is here.")))
    assert (done.text.strip(), done.select_one("progress")) == ("It is here.", None)
    assert views.fetch(None) == ""


def test_where_questions_go_is_said_only_if_they_leave() -> None:
    assert views.sends_to(None) == ""
    assert "sent to llm.example" in parsed(views.sends_to("llm.example")).text


def test_every_role_of_a_model_is_what_it_does_or_a_button() -> None:
    here = ModelHere(QWEN_CODER_05B, False, 0, 10**9, None)
    offer = Offer(here, (Role.READER, Role.WRITER), frozenset({Role.READER}), frozenset())
    page = parsed(views.models(Offers((offer,), Answerer.READER)))
    (model,) = page.select(".wd-model")
    assert [one.text for one in model.select(".wd-doing")] == ["reads now"]
    (button,) = model.select("button")
    assert (button["data-act"], button["data-id"]) == (views.USE_TO_WRITE, QWEN_CODER_05B.name)
    assert button.text == "Fetch and let it write"
    facts = " ".join(model.text.split())
    assert (
        "491 MB to fetch, 1.0 GB on disk · 1,020 tokens/s on two cores with AMX, 128K tokens in 2:09 min" in facts
    )
    assert [one["data-id"] for one in page.select(".wd-answerer button")] == [Answerer.DEFAULT.value]
    measured = parsed(
        views.models(Offers((replace(offer, here=replace(here, is_held=True, measured_here=500.0)),), None))
    )
    facts = " ".join(measured.text.split())
    assert "1.0 GB on disk · 500 tokens/s here" in facts
    assert "to fetch" not in facts
