"""Every baseline does what its name says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from benchmarks.quality.baselines import BASELINES, Baseline, Budget, Reply, Retrieval, rank
from benchmarks.quality.baselines.answer_chunk import AnswerChunk
from benchmarks.quality.baselines.answer_places import evidence_kept
from benchmarks.quality.baselines.asked import Asked, Asker
from benchmarks.quality.baselines.chunks import chunks_of
from benchmarks.quality.baselines.compressed import Compressed, Press
from benchmarks.quality.baselines.full_attention import Stretched, Truncated, ends
from benchmarks.quality.baselines.plain_model import PlainModel
from benchmarks.quality.baselines.retrieval import within
from benchmarks.quality.baselines.rope import NTK_FACTOR, Stretch, frequencies
from benchmarks.quality.cases.case import Case, Metric
from benchmarks.quality.method import NotApplicable, NotInstalled, TooLong

from wholedoc.models.text_model import TextModel, open_model

PAGES = tuple(f"Page {number}. " + f"The tide was out by dawn on day {number}. " * 12 for number in range(20))
KEEPER = "The keeper of the lighthouse was\nMiriam Oake, and nobody else."
REPLY = Reply(max_new_tokens=4)


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> TextModel:
    return open_model(str(tiny_model), device=torch.device("cpu"), dtype=torch.float32)


def case_of(pages: tuple[str, ...] = PAGES, **other: object) -> Case:
    pages = (*pages[:9], pages[9] + KEEPER, *pages[10:])
    case = Case("keeper", pages, "Who was the keeper?", ("miriam  oake",), Metric.CONTAINS, frozenset({9}))
    return replace(case, **other)  # type: ignore[arg-type]


def logits(plain: PlainModel, ids: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        out: torch.Tensor = plain.model(input_ids=torch.tensor([ids])).logits
    return out


def independent_nll(model: TextModel, asked: Asked, document: list[int]) -> float:
    """Return the NLL of the wanted answer, by one pass of the model itself over the whole prompt."""
    prompt = [*asked.prefix, *document, *asked.after]
    with torch.inference_mode():
        all_logits = model.loaded.model(input_ids=torch.tensor([[*prompt, *asked.wanted]])).logits[0]
    predicted = all_logits[len(prompt) - 1 : -1].log_softmax(-1)
    return -float(predicted[range(len(asked.wanted)), list(asked.wanted)].mean())


def test_truncation_keeps_head_and_tail_and_fills_the_window_exactly(model: TextModel) -> None:
    case, asked = case_of(), Asker(model, REPLY)(case_of())
    outcome = Truncated(model, REPLY).answer(case)
    assert len(asked.document) > model.loaded.spec.window
    assert outcome.kept_tokens + asked.around == model.loaded.spec.window
    ids = list(asked.document.token_ids)
    head, tail = ends(len(ids), outcome.kept_tokens)
    assert (head.start, tail.stop) == (0, len(ids))
    assert abs(len(head) - len(tail)) <= 1
    assert outcome.nll == pytest.approx(
        independent_nll(model, asked, ids[: head.stop] + ids[tail.start :]), abs=1e-4
    )
    assert outcome.evidence_kept is False  # it stands in the middle


def test_a_document_that_fits_is_not_truncated(model: TextModel) -> None:
    case = case_of(tuple("Short." for _ in PAGES))
    outcome = Truncated(model, REPLY).answer(case)
    assert outcome.kept_tokens == len(Asker(model, REPLY)(case).document)
    assert outcome.evidence_kept is None


@pytest.mark.parametrize("how", Stretch)
def test_stretching_changes_nothing_within_the_window_and_much_beyond(model: TextModel, how: Stretch) -> None:
    ids = list(range(100, 160))
    plain = PlainModel(model)
    own = logits(plain, ids)
    plain.stretch(how, model.loaded.spec.window)
    assert torch.equal(logits(plain, ids), own)
    plain.stretch(how, 4 * model.loaded.spec.window)
    assert (logits(plain, ids) - own).abs().max() > 1e-4
    plain.stretch(how, len(ids))
    assert torch.equal(logits(plain, ids), own)


def test_ntk_is_transformers_own_at_the_length_of_the_text(model: TextModel) -> None:
    """transformers' dynamic layer has the same base if it is given the whole text at once."""
    from transformers import LlamaConfig, LlamaForCausalLM

    plain, length = PlainModel(model), 2 * model.loaded.spec.window
    rope = {**model.loaded.model.config.rope_parameters, "rope_type": "dynamic", "factor": NTK_FACTOR}
    config = LlamaConfig.from_dict({**model.loaded.model.config.to_dict(), "rope_parameters": rope})
    theirs = LlamaForCausalLM(config).eval()
    theirs.load_state_dict(model.loaded.model.state_dict())
    ids = [7 + number % 991 for number in range(length)]
    plain.stretch(Stretch.NTK, length)
    with torch.inference_mode():
        expected = theirs(input_ids=torch.tensor([ids]), logits_to_keep=1).logits
        assert torch.allclose(
            plain.model(input_ids=torch.tensor([ids]), logits_to_keep=1).logits, expected, atol=1e-5
        )


def test_a_model_that_scales_its_rope_itself_is_not_stretched(model: TextModel) -> None:
    from transformers import LlamaConfig

    rope = {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}
    config = LlamaConfig.from_dict({**model.loaded.model.config.to_dict(), "rope_parameters": rope})
    with pytest.raises(NotApplicable, match="linear"):
        frequencies(config, Stretch.NTK, 9999, torch.device("cpu"))


def test_the_twin_shares_every_weight_and_leaves_the_model_alone(model: TextModel) -> None:
    before = model.loaded.model.config._attn_implementation
    twin = dict(PlainModel(model).model.named_parameters())
    for name, weight in model.loaded.model.named_parameters():
        assert twin[name].data_ptr() == weight.data_ptr()
    assert model.loaded.model.config._attn_implementation == before == "parallelcomp"


def test_reading_in_slices_equals_one_pass(model: TextModel) -> None:
    asked = Asker(model, REPLY)(case_of(PAGES[:10]))
    ids = list(asked.document.token_ids)
    whole, sliced = PlainModel(model, 10_000).ask(asked, ids), PlainModel(model, 97).ask(asked, ids)
    assert sliced.token_ids == whole.token_ids
    assert sliced.nll == pytest.approx(whole.nll, abs=1e-5)
    assert whole.nll == pytest.approx(independent_nll(model, asked, ids), abs=1e-4)


def test_what_was_read_before_changes_no_answer(model: TextModel) -> None:
    """KV of an earlier prompt is kept as far as the prompts begin alike."""
    first, second = Asker(model, REPLY)(case_of()), Asker(model, REPLY)(case_of(question="Where?"))
    ids = list(first.document.token_ids)[:600]
    plain = PlainModel(model)
    said = [
        plain.ask(first, ids),
        plain.ask(second, ids),
        plain.ask(second, ids[:300] + ids[400:]),
        plain.ask(first, ids),
    ]
    alone = PlainModel(model).ask(second, ids[:300] + ids[400:])
    assert (said[2].token_ids, said[2].nll) == (alone.token_ids, pytest.approx(alone.nll, abs=1e-5))
    assert (said[3].token_ids, said[3].nll) == (said[0].token_ids, pytest.approx(said[0].nll, abs=1e-5))
    assert said[1].nll != said[0].nll


def test_the_prompt_is_the_one_that_ours_reads(model: TextModel) -> None:
    asked = Asker(model, Reply(answer_prefix="Answer:"))(case_of())
    text = model.tokenizer.decode([*asked.prefix, *asked.document.token_ids, *asked.after, *asked.wanted])
    between = text.split("nobody else.")[1].split("Page 19.")[1].partition("\n\nQuestion: ")[2]
    assert between.startswith("Who was the keeper?")
    assert between.endswith("assistant\nAnswer: miriam  oake")
    assert Reply.like_ours(model).answer_prefix == "Answer:"  # so small a model is given the first word


def test_bm25_ranks_the_chunk_that_shares_rare_words_first() -> None:
    texts = ["The tide was out.", "Keepers of lighthouses are paid.", "A tide, a tide and the tide.", "The of and."]
    assert rank(texts, "Who paid the keeper of the lighthouse?")[0] == 1  # stemmed
    assert rank(texts, "TIDE")[:2] == [2, 0]
    assert rank(texts, "zebra") == rank(texts, "the of") == [0, 1, 2, 3]
    assert rank(["7 sheep", "8 sheep"], "Which has 8?") == [1, 0]


def test_retrieval_keeps_the_best_within_the_budget_in_document_order(model: TextModel) -> None:
    case = case_of()
    outcome = Retrieval(model, REPLY, Budget(kept_tokens=500, chunk_tokens=120)).answer(case)
    assert outcome.evidence_kept is True
    assert 380 < outcome.kept_tokens <= 500
    assert outcome.pages is not None
    assert outcome.pages[0] in (8, 9)
    assert sorted(outcome.pages) == list(range(len(PAGES)))
    asked = Asker(model, REPLY)(case)
    chunks = chunks_of(asked.document, 120)
    texts = [
        asked.document.document.text[asked.document.starts[c.start] : asked.document.ends[c.stop - 1]]
        for c in chunks
    ]
    kept = sorted(within([chunks[index] for index in rank(texts, case.question)], 500), key=lambda one: one.start)
    ids = [token for one in kept for token in one.token_ids]
    assert outcome.nll == pytest.approx(independent_nll(model, asked, ids), abs=1e-4)


def test_a_budget_holds_at_least_a_chunk() -> None:
    with pytest.raises(ValueError, match="budget"):
        Budget(kept_tokens=100, chunk_tokens=101)


def test_the_answer_chunk_alone_holds_the_answer(model: TextModel) -> None:
    asked = Asker(model, REPLY)(case_of())
    outcome = AnswerChunk(model, REPLY, 120).answer(case_of())
    assert outcome.evidence_kept is True
    (only,) = (
        one
        for one in chunks_of(asked.document, 120)
        if len(one) == outcome.kept_tokens and holds(asked, one.start, one.stop)
    )
    assert outcome.nll == pytest.approx(independent_nll(model, asked, list(only.token_ids)), abs=1e-4)


def holds(asked: Asked, start: int, stop: int) -> bool:
    return evidence_kept(asked.case, asked.document, [range(start, stop)]) is True


def test_the_answer_chunk_is_one_on_an_evidence_page(model: TextModel) -> None:
    """The name also stands on page 2, which is in another chunk."""
    pages = (*PAGES[:2], "Miriam Oake sold fish." + PAGES[2], *PAGES[3:])
    method, known = AnswerChunk(model, REPLY, 120), Asker(model, REPLY)(case_of(pages))
    nlls = {
        evidence: method.answer(case_of(pages, evidence=evidence)).nll
        for evidence in map(frozenset, ([], [2], [9]))
    }
    assert nlls[frozenset()] == nlls[frozenset([2])] != nlls[frozenset([9])]
    assert len(known.wanted) > 1


def test_an_answer_that_the_document_never_says_has_no_chunk(model: TextModel) -> None:
    with pytest.raises(NotApplicable, match="word for word"):
        AnswerChunk(model, REPLY).answer(case_of(answers=("Miriam Oak",)))
    with pytest.raises(NotApplicable, match="word for word"):
        AnswerChunk(model, REPLY).answer(case_of(answers=("A",), metric=Metric.CHOICE))


def test_evidence_of_an_answer_in_other_words_is_its_page(model: TextModel) -> None:
    asked = Asker(model, REPLY)(case_of(answers=("a woman",)))
    page = asked.document.pages.tolist().index(9)
    assert evidence_kept(asked.case, asked.document, [range(page, page + 1)]) is True
    assert evidence_kept(asked.case, asked.document, [range(page)]) is False
    unknown = replace(asked.case, evidence=frozenset())
    assert evidence_kept(unknown, asked.document, [range(page)]) is None


def test_too_long_a_document_is_refused_and_not_cut(model: TextModel) -> None:
    case = case_of(PAGES[:10] + tuple("a b c d e f g h " * 1000 for _ in range(5)))
    with pytest.raises(TooLong, match="32,768"):
        Stretched(model, REPLY, Stretch.NTK).answer(case)
    with pytest.raises(TooLong, match="16,384"):
        Compressed(model, REPLY, Press.SNAPKV).answer(case)


def test_without_kvpress_it_is_said_how_to_get_it(model: TextModel, tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match="make kvpress"):
        Compressed(model, REPLY, Press.KVZIP, python=tmp_path / "python").answer(case_of(PAGES[:10]))


def test_every_baseline_can_be_built(model: TextModel) -> None:
    names = [BASELINES[baseline](model, REPLY).name for baseline in Baseline]
    assert len(set(names)) == len(Baseline)
