"""What a writer sees around a passage: a lead and the rest of the paragraph, and never the same words twice."""

from __future__ import annotations

from itertools import pairwise

from wholedoc.answering.evidence.passages import CHARACTERS, best_passages
from wholedoc.answering.evidence.surroundings import (
    LEAD_CHARACTERS,
    REST_CHARACTERS,
    in_reading_order,
    with_surroundings,
)

from .corpora import PAGES, attention_on, corpus_of, quotes, score, words


def test_a_lead_is_the_short_sentence_before_a_passage() -> None:
    corpus = corpus_of(["The pilot Tregillis retired. He was nine. " + "Long ago it rained. " * 3])
    passages = best_passages(corpus, "", [score(0, 1.0)], attention_on(corpus, nine=1.0), 1)
    (led,) = with_surroundings(corpus, passages)
    assert quotes(corpus, passages)[0].startswith("He was nine.")
    assert quotes(corpus, [led])[0] == f"The pilot Tregillis retired. {quotes(corpus, passages)[0]}"
    assert words(corpus)[led.first] == "The"
    assert led.last == passages[0].last
    assert led.score == passages[0].score


def test_a_paragraph_goes_on_to_its_end_and_not_into_the_next() -> None:
    told = "He was nine. One came. Two came. Three came. He lost his licence for seven weeks."
    corpus = corpus_of([f"{told}\n\nAnother ruling was made. It was kind."])
    passages = best_passages(corpus, "", [score(0, 1.0)], attention_on(corpus, nine=1.0), 1)
    (whole,) = with_surroundings(corpus, passages)
    assert "seven" not in quotes(corpus, passages)[0]
    assert quotes(corpus, [whole]) == [told]
    assert words(corpus)[whole.last - 1] == "."


def test_what_is_not_shown_keeps_nothing_from_what_is() -> None:
    """The last sentence is a passage, too, but far behind: the first goes on into it nevertheless."""
    told = "He was nine. One came. Two came. Three came. He lost his licence for seven weeks."
    corpus = corpus_of([told])
    paid = attention_on(corpus, nine=1.0, licence=0.001)
    passages = best_passages(corpus, "", [score(0, 1.0)], paid, 2)
    assert len(passages) == 2
    assert quotes(corpus, with_surroundings(corpus, passages)) == [told]
    near = best_passages(corpus, "", [score(0, 1.0)], attention_on(corpus, nine=1.0, licence=0.9), 2)
    assert quotes(corpus, with_surroundings(corpus, near)) == quotes(corpus, near)


def test_the_rest_of_a_long_paragraph_is_limited_to_whole_sentences() -> None:
    corpus = corpus_of(["He was nine. " + "The very long day of the harbour went by again. " * 40])
    passages = best_passages(corpus, "", [score(0, 1.0)], attention_on(corpus, nine=1.0), 1)
    (whole,) = with_surroundings(corpus, passages)
    (quote,) = quotes(corpus, [whole])
    assert len(quotes(corpus, passages)[0]) < len(quote) <= CHARACTERS + REST_CHARACTERS
    assert quote.endswith("again.")


def test_nothing_is_told_twice_and_no_lead_is_long_or_from_another_page() -> None:
    corpus = corpus_of(PAGES)
    paid = attention_on(corpus, crane=3.0, Nobody=2.9, Fish=2.0, bell=1.0)
    whole = with_surroundings(corpus, best_passages(corpus, "", [score(0, 1.0), score(1, 1.0)], paid, 9))
    spans = sorted((one.first, one.last) for one in whole)
    assert all(last <= first for (_, last), (first, _) in pairwise(spans))
    long = corpus_of([f"{'The very long day of the harbour ' * 8}ended. He was nine.", "He came."])
    assert len(long.documents[0].tokenized.document.pages[0].text) > LEAD_CHARACTERS
    chosen = best_passages(long, "", [score(0, 1.0)], attention_on(long, nine=1.0), 1)
    assert with_surroundings(long, chosen) == chosen


CUT = "The keeper of the lamp is paid four hundred"
REST = "crowns a year from then on."
HEADS = ["Log of the Harbour 1", "Log of the Harbour 2", "Log of the Harbour 3"]


def cut_pages() -> list[str]:
    """Between the halves of a sentence stand a page's number, a footnote and a running head."""
    first = f"{HEADS[0]}\nIt rained all day long on that day.\n{CUT}\n17\n\n1 Not counting oil."
    return [first, f"{HEADS[1]}\n{REST} Nothing else was agreed.\n18", f"{HEADS[2]}\nFish was cheap.\n19"]


def test_a_sentence_that_a_pages_end_cuts_is_told_whole() -> None:
    corpus = corpus_of(cut_pages())
    for word, page in (("lamp", 0), ("crowns", 1)):
        (found,) = best_passages(corpus, "", [score(page, 1.0)], attention_on(corpus, **{word: 1.0}), 1)
        passages = with_surroundings(corpus, [found])
        ((first, second),) = in_reading_order(corpus, passages)
        assert quotes(corpus, [first])[0].endswith(CUT)
        assert quotes(corpus, [second])[0].startswith(REST)
        assert [one.half for one in (first, second)] == [page == 1, page == 0]
        assert len(passages) == 2, "each half is a quote of its own page"


def test_a_half_without_the_other_is_not_told() -> None:
    corpus = corpus_of(cut_pages())
    (found,) = best_passages(corpus, "", [score(0, 1.0)], attention_on(corpus, lamp=1.0), 1)
    whole, half = with_surroundings(corpus, [found])
    assert in_reading_order(corpus, [half]) == []
    assert in_reading_order(corpus, [half, whole]) == [[whole, half]]


def test_a_page_that_ends_with_its_sentence_is_not_joined() -> None:
    corpus = corpus_of(["The crane was oiled. Nobody fell.", "fish was cheap that day."])
    (found,) = best_passages(corpus, "", [score(0, 1.0)], attention_on(corpus, fell=1.0), 1)
    assert len(with_surroundings(corpus, [found])) == 1
