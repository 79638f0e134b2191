"""The settings panel: everything that it offers makes valid settings, and it shows those that are in force."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallelcomp import (
    Calibration,
    ClusteredHeads,
    ClusterError,
    Composition,
    EngineConfig,
    Eviction,
    EvictionPolicy,
    KVPrecision,
    LayerRange,
    Region,
    Sampling,
    Weights,
)
from parallelcomp.apb import APB
from wholedoc import Settings
from wholedoc.errors import WholedocError
from wholedoc.settings import Answerer, Attention
from wholedoc_ui import choices
from wholedoc_ui.app_state import AppState
from wholedoc_ui.choices import (
    ANSWER_TOKENS,
    ATTENTIONS,
    CAPACITY,
    CHUNK_TOKENS,
    COMPOSITIONS,
    HOSTS,
    KEPT_TOKENS,
    MAY_BE_WITHOUT_EFFECT,
    POLICIES,
    PRECISIONS,
    REGIONS,
    SCORINGS,
    WEIGHTS,
    AnsweringChoices,
    Range,
    ReadingChoices,
    without_effect,
    writer_of_text,
    writer_text,
)

RANGES = [CHUNK_TOKENS, KEPT_TOKENS, CAPACITY, ANSWER_TOKENS, HOSTS]
DEFAULTS = Settings()
READING, ANSWERING = ReadingChoices.of(DEFAULTS), AnsweringChoices.of(DEFAULTS)
ASSEMBLED = next(name for name, one in COMPOSITIONS.items() if one is Composition.ASSEMBLED)
OTHERS = [name for name in COMPOSITIONS if name != ASSEMBLED]


CLUSTERS = ClusteredHeads("a model", (2, 3))


def applied(made: AnsweringChoices, settings: Settings = DEFAULTS) -> Settings:
    """Return settings with these choices, for a model whose clusters of heads are known."""
    return made.applied(settings, lambda: CLUSTERS)


def ends(allowed: Range) -> tuple[int, int]:
    return allowed.lowest, allowed.highest


# What is offered


def test_a_slider_reaches_both_of_its_ends() -> None:
    assert len(RANGES) == sum(isinstance(one, Range) for one in vars(choices).values())
    for one in RANGES:
        assert one.lowest < one.highest
        assert (one.highest - one.lowest) % one.step == 0


@pytest.mark.parametrize(
    ("allowed", "value"),
    [
        (CHUNK_TOKENS, READING.chunk_tokens),
        (KEPT_TOKENS, ANSWERING.kept_tokens),
        (CAPACITY, ANSWERING.capacity),
        (ANSWER_TOKENS, ANSWERING.max_new_tokens),
        (HOSTS, ANSWERING.hosts),
    ],
)
def test_what_is_so_by_default_is_on_the_slider(allowed: Range, value: int) -> None:
    assert value in range(allowed.lowest, allowed.highest + 1, allowed.step)


@pytest.mark.parametrize(("tokens", "precision"), list(product(ends(CHUNK_TOKENS), PRECISIONS)))
def test_every_way_to_read_makes_settings(tokens: int, precision: str) -> None:
    made = ReadingChoices("some/model", "a/writer", tokens, precision, "8 bits (int8)").applied(DEFAULTS)
    engine = replace(DEFAULTS.engine, chunk_tokens=tokens, precision=PRECISIONS[precision])
    chosen = replace(DEFAULTS, model="some/model", answer_model="a/writer", weights=Weights.INT8)
    assert made == replace(chosen, engine=engine)


def test_every_format_of_weights_is_offered() -> None:
    assert set(WEIGHTS.values()) == {None, *Weights}


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("", Answerer.DEFAULT),
        ("  ", Answerer.DEFAULT),
        ("default", Answerer.DEFAULT),
        ("reader", Answerer.READER),
        (" http://127.0.0.1:11434/v1#llama3.1 ", "http://127.0.0.1:11434/v1#llama3.1"),
        ("qwen2.5-coder-1.5b", "qwen2.5-coder-1.5b"),
    ],
)
def test_who_writes_is_a_name_or_a_word(written: str, wanted: str | Answerer) -> None:
    made = replace(READING, answer_model=written).applied(replace(DEFAULTS, answer_model="other"))
    assert made.answer_model == wanted
    assert writer_of_text(writer_text(made)) == wanted


@pytest.mark.parametrize(
    ("kept", "capacity", "answer", "temperature", "composition"),
    list(product(ends(KEPT_TOKENS), ends(CAPACITY), ends(ANSWER_TOKENS), (0, 1.5), COMPOSITIONS)),
)
def test_every_way_to_answer_makes_settings(
    kept: int, capacity: int, answer: int, temperature: float, composition: str
) -> None:
    numbers = {"kept_tokens": kept, "capacity": capacity, "temperature": temperature, "max_new_tokens": answer}
    made = applied(replace(ANSWERING, composition=composition, **numbers))  # type: ignore[arg-type]
    assert (made.engine.eviction.kept_tokens, made.engine.eviction.capacity) == (kept, capacity)
    assert made.engine.composition is COMPOSITIONS[composition]
    assert (made.sampling.temperature, made.sampling.max_new_tokens) == (temperature, answer)
    assert made.reads_like(DEFAULTS)  # a question needs no new reading


@pytest.mark.parametrize("number", range(1, 2 ** len(REGIONS)))
def test_every_choice_of_regions_calibrates_them(number: int) -> None:
    chosen = [name for index, name in enumerate(REGIONS) if number >> index & 1]
    made = applied(replace(ANSWERING, calibrate=chosen))
    assert made.engine.calibration is not None
    assert [name for name in REGIONS if REGIONS[name] in made.engine.calibration.regions] == chosen
    assert applied(replace(ANSWERING, calibrate=[]), made).engine.calibration is None


@pytest.mark.parametrize(("attention", "hosts"), list(product(ATTENTIONS, ends(HOSTS))))
def test_every_way_to_see_documents_makes_settings(attention: str, hosts: int) -> None:
    made = applied(replace(ANSWERING, attention=attention, hosts=hosts))
    assert made.attention is ATTENTIONS[attention]
    assert (
        made.apb
        == {Attention.PARALLEL: None, Attention.APB: APB(hosts), Attention.STAR: APB.star(hosts)}[made.attention]
    )


@pytest.mark.parametrize("scoring", SCORINGS)
def test_every_scoring_makes_settings_and_is_shown_again(scoring: str) -> None:
    made = applied(replace(ANSWERING, scoring=scoring))
    assert made.scoring is SCORINGS[scoring]
    assert AnsweringChoices.of(made).scoring == scoring


def test_lengths_from_the_command_line_stay_with_their_attention() -> None:
    settings = replace(DEFAULTS, apb=APB(4, 100, 50))
    shown = AnsweringChoices.of(settings)
    assert applied(replace(shown, hosts=6), settings).apb == APB(6, 100, 50)
    star = next(name for name, one in ATTENTIONS.items() if one is Attention.STAR)
    assert applied(replace(shown, attention=star), settings).apb == APB.star(4)


@pytest.mark.parametrize("eviction", POLICIES)
def test_every_policy_makes_settings(eviction: str) -> None:
    assert applied(replace(ANSWERING, eviction=eviction)).engine.eviction.policy is POLICIES[eviction]


def test_clustered_heads_are_the_models_or_a_sentence() -> None:
    wanted = replace(ANSWERING, clustered=True)
    made = applied(wanted)
    assert made.engine.clustered_heads == CLUSTERS
    assert applied(ANSWERING, made).engine.clustered_heads is None

    def unknown() -> ClusteredHeads:
        raise ClusterError("not known yet")

    assert wanted.applied(made, unknown) == made  # the clusters are those from the command line
    with pytest.raises(ClusterError, match="not known yet"):
        wanted.applied(DEFAULTS, unknown)


def test_everything_that_the_engine_knows_is_offered() -> None:
    assert set(COMPOSITIONS.values()) == set(Composition)
    assert set(REGIONS.values()) == set(Region)
    assert set(ATTENTIONS.values()) == set(Attention)
    assert set(POLICIES.values()) == set(EvictionPolicy)


def test_a_number_from_a_slider_may_be_a_float() -> None:
    """Numbers come from JavaScript, which has no integers."""
    read = replace(READING, chunk_tokens=512.0).applied(DEFAULTS)  # type: ignore[arg-type]
    floats = {"kept_tokens": 1024.0, "capacity": 256.0, "max_new_tokens": 32.0, "hosts": 3.0}
    answer = applied(replace(ANSWERING, attention="APB per question", **floats))  # type: ignore[arg-type]
    assert answer.apb == APB(3)
    assert type(answer.apb.hosts) is int
    numbers = [
        read.engine.chunk_tokens,
        answer.engine.eviction.kept_tokens,
        answer.engine.eviction.capacity,
        answer.sampling.max_new_tokens,
    ]
    assert numbers == [512, 1024, 256, 32]
    assert {type(number) for number in numbers} == {int}


@pytest.mark.parametrize("model", ["", "  ", "\n"])
def test_no_model_is_the_small_one(model: str) -> None:
    assert replace(READING, model=model).applied(replace(DEFAULTS, model="other")).model is None


# What is in force

SETTINGS = st.builds(
    Settings,
    model=st.sampled_from([None, "some/model"]),
    weights=st.sampled_from([None, *Weights]),
    engine=st.builds(
        EngineConfig,
        chunk_tokens=st.integers(16, 5000),
        eviction=st.builds(
            Eviction,
            st.integers(1, 50_000),
            st.integers(1, 5000),
            observation_window=st.integers(1, 20),
            policy=st.sampled_from(EvictionPolicy),
        ),
        calibration=st.one_of(
            st.none(),
            st.builds(
                Calibration,
                st.sampled_from([Region(number) for number in range(1, 8)]),
                st.just(LayerRange(0.1, 0.9)),
                threshold=st.floats(0.01, 0.9),
            ),
        ),
        precision=st.sampled_from(list(PRECISIONS.values())),
        prior_sharpness=st.floats(0, 1),
    ),
    sampling=st.builds(
        Sampling, st.floats(0, 2), st.floats(0.1, 1), max_new_tokens=st.integers(1, 5000), seed=st.integers(0, 9)
    ),
    citations=st.integers(1, 9),
    apb=st.one_of(
        st.none(), st.builds(APB, st.integers(1, 40), st.integers(1, 99)), st.builds(APB.star, st.integers(1, 9))
    ),
)


@given(SETTINGS, st.sampled_from(Composition))
def test_what_is_shown_is_what_is_in_force(settings: Settings, composition: Composition) -> None:
    if settings.engine.calibration is None:
        settings = replace(settings, engine=replace(settings.engine, composition=composition))
    assert applied(AnsweringChoices.of(settings), settings) == settings
    assert ReadingChoices.of(settings).applied(settings) == settings
    # What a person chooses overrules what the settings were made of.
    assert AnsweringChoices.of(applied(AnsweringChoices.of(settings))) == AnsweringChoices.of(settings)
    assert ReadingChoices.of(ReadingChoices.of(settings).applied(DEFAULTS)) == ReadingChoices.of(settings)


@pytest.mark.parametrize("precision", KVPrecision)
def test_applying_what_is_shown_changes_nothing(precision: KVPrecision) -> None:
    """`wholedoc ui --precision fp16`, then another model in the panel: the precision stays."""
    settings = replace(DEFAULTS, engine=replace(DEFAULTS.engine, precision=precision))
    assert ReadingChoices.of(settings).applied(settings) == settings


def test_the_panel_hands_over_the_fields_in_this_order() -> None:
    assert [field.name for field in fields(ReadingChoices)] == [
        "model",
        "answer_model",
        "chunk_tokens",
        "precision",
        "weights",
    ]
    assert [field.name for field in fields(AnsweringChoices)] == [
        "attention",
        "scoring",
        "hosts",
        "kept_tokens",
        "capacity",
        "eviction",
        "composition",
        "calibrate",
        "clustered",
        "temperature",
        "max_new_tokens",
        "language",
    ]


def test_what_was_given_on_the_command_line_is_on_its_slider() -> None:
    """Gradio refuses a value that is not between a slider's ends, and then refuses every question."""
    gradio = pytest.importorskip("gradio")
    from wholedoc_ui.interface.components import build

    engine = replace(DEFAULTS.engine, chunk_tokens=64, eviction=Eviction(kept_tokens=100_000, capacity=16))
    app_state = AppState(replace(DEFAULTS, engine=engine, sampling=Sampling(temperature=2.0, max_new_tokens=8)))
    try:
        with gradio.Blocks():
            panel = build(app_state).settings
        sliders = [one for one in (*panel.answering, *panel.reading) if isinstance(one, gradio.Slider)]
        assert [one.value for one in sliders] == [8, 100_000, 16, 2.0, 8, 64]
        assert [one.label for one in sliders if not one.minimum <= one.value <= one.maximum] == []
    finally:
        app_state.close()


# What contradicts itself


@pytest.mark.parametrize(("composition", "region"), list(product(OTHERS, REGIONS)))
def test_calibration_goes_with_assembled_parts_only(composition: str, region: str) -> None:
    with pytest.raises(WholedocError, match="calibration"):
        applied(replace(ANSWERING, composition=composition, calibrate=[region]))


@pytest.mark.parametrize(
    "nonsense",
    [
        {"kept_tokens": 0},
        {"capacity": -1},
        {"temperature": -0.5},
        {"max_new_tokens": 0},
        {"attention": "APB per question", "hosts": 0},
    ],
)
def test_numbers_beyond_the_sliders_are_refused_in_a_sentence(nonsense: dict[str, Any]) -> None:
    with pytest.raises(WholedocError, match=r"at least|or more"):
        applied(replace(ANSWERING, **nonsense))


def test_chunks_too_short_to_read_are_refused_in_a_sentence() -> None:
    with pytest.raises(WholedocError, match="at least 16"):
        replace(READING, chunk_tokens=4).applied(DEFAULTS)


def test_what_has_no_effect_is_named_with_its_reason() -> None:
    named = {one: name for name, one in ATTENTIONS.items()}
    parallel, apb = named[Attention.PARALLEL], named[Attention.APB]
    assert set(without_effect(parallel, ASSEMBLED)) == {"hosts"}
    assert set(without_effect(parallel, OTHERS[0])) == {"hosts", "calibrate"}
    assert "parallel parts" in without_effect(apb, ASSEMBLED)["capacity"]
    assert "hosts" not in without_effect(apb, ASSEMBLED)
    for attention, composition in product(ATTENTIONS, COMPOSITIONS):
        assert set(without_effect(attention, composition)) <= set(MAY_BE_WITHOUT_EFFECT)
    assert set(MAY_BE_WITHOUT_EFFECT) <= {field.name for field in fields(AnsweringChoices)}


def test_a_language_is_asked_for_only_if_one_was_chosen() -> None:
    assert ANSWERING.instructions == ""
    german = replace(ANSWERING, language="German")
    assert german.instructions == "Answer in German."
    assert german.applied(DEFAULTS, lambda: CLUSTERS) == ANSWERING.applied(DEFAULTS, lambda: CLUSTERS)
