"""Views of the status, the shelf, arrivals, conversations and citations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wholedoc import (
    AskedDocument,
    Expected,
    Planned,
)
from wholedoc.models.catalogue import QWEN_CODER_05B, Role
from wholedoc.models.inventory import ModelHere
from wholedoc.storage.conversations import ConversationHead
from wholedoc_ui import views
from wholedoc_ui.app_state import ModelState, Phase
from wholedoc_ui.arriving.arrivals import Arrival, Stage
from wholedoc_ui.evidence import RemovedPage
from wholedoc_ui.figures import when
from wholedoc_ui.models.offers import Offer, Offers
from wholedoc_ui.session import Evidence, PageView
from wholedoc_ui.shelf import Row

from .view_examples import INFO, PLANNED, READING, chunk, citation, parsed

# Status and shelf


@pytest.mark.parametrize(
    ("phase", "dot"),
    [
        (Phase.LOADING, "wd-busy"),
        (Phase.READING, "wd-busy"),
        (Phase.READY, "wd-ready"),
        (Phase.FAILED, "wd-failed"),
    ],
)
def test_the_status_says_what_is_going_on(phase: Phase, dot: str) -> None:
    line = parsed(views.status_line(ModelState(phase, "Doing something", READING)))
    assert dot in line.select_one(".wd-dot")["class"]
    assert "Doing something" in line.select_one("[role=status]").text
    assert "25%" in line.text
    assert "1:15 min left" in line.text
    bar = line.progress
    assert (bar["value"], bar["max"]) == ("1234", "5000")


def test_a_shelf_row_has_its_facts_and_buttons() -> None:
    cold = replace(INFO, id="d2", name="b.pdf", pages=1, tokens=0, bytes=0, warm=0.0)
    part = replace(INFO, id="d3", warm=0.31, warnings=("Page 3 has no text.",))
    rows = [Row(INFO, True, False), Row(cold, False, False), Row(part, False, False), Row(part, False, True)]
    items = parsed(views.shelf(rows)).find_all("li")
    facts = [item.select_one(".wd-facts").text for item in items]
    assert facts[0] == "12 pages · 5,000 tokens · 12 MB · ready"
    assert facts[1] == "1 page · not read yet"
    assert facts[2].endswith("31% read")
    assert facts[3].endswith("being read")
    assert [item.input.has_attr("checked") for item in items] == [True, False, False, False]
    acts = [[button["data-act"] for button in item.select("button[data-act]")] for item in items]
    opens, removes = "open_document", "remove_document"
    assert acts == [[opens, removes], *[[opens, "read_document", removes]] * 2, [opens, removes]]
    assert {button["data-id"] for button in items[1].select("[data-act]")} == {"d2"}
    sure = items[1].select_one(".wd-sure")
    assert sure.has_attr("hidden")
    assert [button.text for button in sure.find_all("button")] == ["Remove", "Keep"]
    assert items[2].select_one(".wd-warning").text == "Page 3 has no text."
    assert len({button["aria-label"] for button in items[1].select("button[aria-label]")}) == 3


def test_all_that_is_read_can_be_ticked_where_there_is_more_than_one() -> None:
    cold = replace(INFO, id="d2", warm=0.5)
    rows = [Row(INFO, True, False), Row(cold, False, False), Row(replace(INFO, id="d3"), False, False)]
    (button,) = parsed(views.shelf(rows)).select("[data-act=choose_all]")
    assert button.text == "Ask all 2 together"
    assert not parsed(views.shelf(rows[:2])).select("[data-act=choose_all]")


def test_an_empty_shelf_says_what_to_do() -> None:
    assert "Drop one" in parsed(views.shelf([])).text


# Arrivals

PROGRESS = {
    Stage.WAITING: "waiting",
    Stage.EXTRACTING: "taking the text",
    Stage.PLANNED: "about to be read",
    Stage.READING: "1,234 of 5,000 tokens · 321 tokens/s · 1:15 min left",
    Stage.STOPPED: "drop it again",
    Stage.BESIDE: "goes on with the documents that are ticked",
    Stage.FAILED: "What went wrong.",
    Stage.LOCKED: "What went wrong.",
}


@pytest.mark.parametrize("stage", Stage)
def test_an_arrival_says_how_far_it_is(stage: Stage) -> None:
    shown = parsed(
        views.arrivals([(Arrival("a.pdf", stage, "What went wrong.", PLANNED, READING, 12, ("Odd.",)), False)])
    )
    if stage is Stage.DONE:
        assert str(shown) == ""  # it is on the shelf by now
        return
    assert shown.select_one(".wd-name").text == "a.pdf"
    assert PROGRESS[stage] in shown.select_one(".wd-facts").text
    assert shown.select_one(".wd-warning").text == "Odd."
    assert bool(shown.select(".wd-failed")) == (stage in (Stage.FAILED, Stage.LOCKED))
    assert bool(shown.select(".wd-verdict")) == (stage in (Stage.PLANNED, Stage.READING))
    assert [(bar["value"], bar["max"]) for bar in shown.select("progress")] == (
        [("1234", "5000")] if stage is Stage.READING else []
    )


def test_only_what_is_done_disappears() -> None:
    done = (Arrival("a", Stage.DONE), False)
    failed = Arrival("c", Stage.FAILED, "No.", key=7)
    items = parsed(views.arrivals([done, (Arrival("b"), True), (failed, False)]))
    assert [name.text for name in items.select(".wd-name")] == ["b in another window", "c"]
    assert [(one["data-act"], one["data-index"]) for one in items.find_all("button")] == [("dismiss", "7")]
    assert views.arrivals([done, done]) == views.arrivals([]) == ""


def test_what_was_read_beside_a_conversation_can_be_asked_too() -> None:
    one = Arrival("a", Stage.BESIDE, document_id="d1", key=7)
    buttons = parsed(views.arrivals([(one, False)])).find_all("button")
    assert [(button["data-act"], button.text) for button in buttons] == [
        ("ask_too", "Ask it too"),
        ("dismiss", "Not now"),
    ]
    assert buttons[0]["data-id"] == "d1"


# Conversations


def test_conversations_are_listed_with_what_they_are_about() -> None:
    heads = [
        ConversationHead(
            "c1", "Which channel?", (AskedDocument("d1", "a.pdf"), AskedDocument("d2", "b.pdf")), 1, 100.0
        ),
        ConversationHead("c2", "Who?", (), 2, 100.0 - 40 * 86_400),
    ]
    items = parsed(views.conversations(heads, "c2", 0, False, 100.0)).find_all("li")
    assert [item.select_one(".wd-facts").text.strip() for item in items] == [
        f"1 question · {when(100.0, 100.0)} · a.pdf, b.pdf",
        f"2 questions · {when(100.0 - 40 * 86_400, 100.0)} ·",
    ]
    assert [bool(item.select("[aria-current]")) for item in items] == [False, True]
    acts = [one["data-act"] for one in items[0].select("[data-act]")]
    assert acts == ["open_conversation", "rename_conversation", "delete_conversation"]
    assert items[0].input["value"] == "Which channel?"
    assert "None yet" in views.conversations([], "", 0, False, 0.0)
    assert "No conversation holds" in views.conversations([], "", 0, True, 0.0)
    assert "2 conversations cannot be read" in views.conversations([], "", 2, False, 0.0)


@pytest.mark.parametrize(
    ("planned", "words"),
    [
        (PLANNED, ["5,000 tokens of at most 90,000", "about 2:40 min", "12 MB on disk"]),
        (replace(PLANNED, seconds=None), ["takes a moment"]),
        (replace(PLANNED, cached_tokens=3000), ["3,000 of them were read before"]),
        (replace(PLANNED, cached_tokens=5000, bytes=0), ["nothing has to be read again"]),
    ],
)
def test_what_reading_takes_is_said_first(planned: Planned, words: list[str]) -> None:
    text = parsed(views.arrivals([(Arrival("a.pdf", Stage.PLANNED, planned=planned), False)])).text
    assert [one for one in words if one not in text] == []
    assert ("were read before" in text) == (0 < planned.cached_tokens < planned.tokens)


def test_the_models_in_use_are_named_and_a_small_one_is_said_to_be_small() -> None:
    model = QWEN_CODER_05B
    here = Offer(ModelHere(model, True, model.bytes, 10**9, 321.0), tuple(Role), frozenset(), frozenset())
    offered = Offers((here,), None)
    assert (
        views.models_in_use(offered, model.name, None)
        == f"Model: {model.name} (small, answers in quotes; choose a better one)"
    )
    assert views.models_in_use(offered, model.name, "llama3.1") == f"Model: {model.name} reads, llama3.1 writes"
    assert views.models_in_use(offered, "a/large-one", None) == "Model: a/large-one"


def test_what_every_part_takes_is_said_before_it_is_asked() -> None:
    assert views.expected(None) == ""
    assert "64 of 930 parts, about 3:20 min at most" in views.expected(Expected(930, 64, 200.0))
    assert "1 of 1 part; how long" in views.expected(Expected(1, 1, None))


def test_three_citations_are_shown_and_the_others_on_request() -> None:
    evidence = Evidence((chunk(),), tuple(citation(f"Quote {n}.") for n in range(5)), True)
    shown = parsed(views.citations(evidence, None))
    assert len(shown.select(".wd-citations")[0].find_all("li")) == 3
    assert shown.select_one("details summary").text == "2 more"
    assert not shown.details.has_attr("open")
    assert [one["data-index"] for one in shown.details.select("button")] == ["3", "4"]
    assert parsed(views.citations(evidence, 3)).details.has_attr("open")
    assert parsed(views.citations(replace(evidence, citations=evidence.citations[:3]), None)).details is None


# Citations and pages


def test_citations_say_where_and_what() -> None:
    evidence = Evidence((chunk(),), (citation("One\n  quote."), citation("Another.", label="iv")), True)
    buttons = parsed(views.citations(evidence, 1)).find_all("button")
    assert [(one["data-act"], one["data-index"]) for one in buttons] == [
        ("open_citation", "0"),
        ("open_citation", "1"),
    ]
    assert [one.select_one(".wd-page").text for one in buttons] == ["[1] p. 7", "[2] p. iv"]
    assert [one.select_one(".wd-quote").text for one in buttons] == ["One quote.", "Another."]
    assert [one.get("aria-current") for one in buttons] == [None, "true"]
    assert all(one.select_one(".wd-from") is None for one in buttons)


def test_citations_name_their_documents_where_several_were_asked() -> None:
    evidence = Evidence((chunk(), chunk(id="d2")), (citation(), citation(id="d2", name="b.pdf")), True)
    shown = parsed(views.citations(evidence, None))
    assert [one.text for one in shown.select(".wd-from")] == ["a.pdf", "b.pdf"]
    assert shown.select("[aria-current]") == []
    of_one = parsed(views.citations(replace(evidence, citations=evidence.citations[1:]), None))
    assert [one.text for one in of_one.select(".wd-from")] == ["b.pdf"]


def test_no_citations_yet_and_none_at_all() -> None:
    assert views.citations(None, None) == ""
    assert "Looking for" in views.citations(Evidence((chunk(),)), None)
    nothing = Evidence((chunk(),), (), False)
    assert parsed(views.citations(nothing, None)).find() is None  # which the answer says
    near = replace(nothing, citations=(citation(),))
    assert parsed(views.citations(near, None)).p.text == "The nearest passages. They do not answer the question."
    assert "Not found in a.pdf, b.pdf." in parsed(views.not_found(["a.pdf", "b.pdf"])).text


def test_citations_of_what_was_removed_say_so() -> None:
    evidence = Evidence((chunk(),), (citation(), citation(id="d2", name="b.pdf")), True)
    shown = parsed(views.citations(evidence, None, frozenset({"d2"})))
    assert [bool(one.select(".wd-gone")) for one in shown.find_all("button")] == [False, True]
    assert "b.pdf was removed" in views.opens(RemovedPage("b.pdf"))


def test_the_viewer_is_told_what_to_open() -> None:
    told = parsed(views.opens(PageView("d1", 3, 'a "quote" of\ntwo lines', 7), [3, 12])).p
    assert {
        name.removeprefix("data-"): value for name, value in told.attrs.items() if name.startswith("data-")
    } == {
        "document": "d1",
        "page": "3",
        "quote": 'a "quote" of\ntwo lines',
        "number": "7",
        "cited": "3 12",
    }
    assert views.opens(None) == ""
