"""What the settings panel offers, and how its choices become settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from parallelcomp import (
    Calibration,
    ChunkScoring,
    ClusteredHeads,
    Composition,
    EvictionPolicy,
    KVPrecision,
    LayerRange,
    Region,
    Weights,
)
from parallelcomp.apb import APB
from wholedoc import Scope, Settings
from wholedoc.errors import WholedocError
from wholedoc.settings import Answerer, Attention


@dataclass(frozen=True)
class Range:
    """The values that a slider offers: from `lowest` to `highest`, both included, in steps."""

    lowest: int
    highest: int
    step: int


CHUNK_TOKENS = Range(256, 4096, 128)
KEPT_TOKENS = Range(1024, 32768, 512)
CAPACITY = Range(128, 4096, 128)
ANSWER_TOKENS = Range(16, 2048, 16)
HOSTS = Range(1, 32, 1)
CALIBRATED_LAYERS = LayerRange(0.25, 0.5)

# How much of the documents a question is put to.
SCOPES = {
    "Automatic": Scope.BY_QUESTION,
    "One place": Scope.ONE_PLACE,
    "Everywhere": Scope.EVERYWHERE,
}
# Texts that a person chooses from, short enough for the panel, and the values that they stand for.
PRECISIONS = {
    "32 bits": KVPrecision.FP32,
    "16 bits (bf16)": KVPrecision.BF16,
    "16 bits (fp16)": KVPrecision.FP16,
    "8 bits": KVPrecision.INT8,
    "4 bits": KVPrecision.INT4,
    "2 bits": KVPrecision.INT2,
}
WEIGHTS = {
    "as it is published": None,
    "16 bits (bf16)": Weights.BF16,
    "8 bits (int8)": Weights.INT8,
    "8 bits (fp8)": Weights.FP8,
    "4 bits (int4)": Weights.INT4,
    "4 bits (nf4)": Weights.NF4,
}
# Languages that a writer can be asked to answer in; nothing is asked for the first.
LANGUAGES = (
    "as it likes",
    *("English", "German", "French", "Spanish", "Italian", "Portuguese", "Dutch", "Polish", "Russian"),
    *("Ukrainian", "Turkish", "Arabic", "Hindi", "Chinese", "Japanese", "Korean"),
)
COMPOSITIONS = {
    "assembled: side by side": Composition.ASSEMBLED,
    "re-read: together, anew": Composition.REREAD,
    "mixture: each one answers": Composition.MIXTURE,
}
ATTENTIONS = {
    "parallel parts, read once": Attention.PARALLEL,
    "APB per question": Attention.APB,
    "Star-Attention per question": Attention.STAR,
}
SCORINGS = {
    "those a quick scan puts first": ChunkScoring.SCAN,
    "every part, as in the paper": ChunkScoring.LIKELIHOOD,
}
POLICIES = {
    "what the question looks at": EvictionPolicy.QUESTION,
    "SnapKV": EvictionPolicy.SNAPKV,
    "PyramidKV: by layer": EvictionPolicy.PYRAMIDKV,
    "StreamingLLM: both ends": EvictionPolicy.STREAMING_LLM,
    "H2O: looked at most": EvictionPolicy.H2O,
    "NACL: partly at random": EvictionPolicy.NACL,
    "CORM: only what is needed": EvictionPolicy.CORM,
}
REGIONS = {
    "beginning of parts": Region.SINK,
    "middle of parts": Region.MIDDLE,
    "end of parts": Region.RECENCY,
}


@dataclass(frozen=True)
class ReadingChoices:
    """How documents are read, in all tabs. A document that was read in another way is read again."""

    model: str
    answer_model: str
    chunk_tokens: int
    precision: str
    weights: str

    @classmethod
    def of(cls, settings: Settings) -> ReadingChoices:
        """Return the choices that stand for these settings."""
        precision = next(name for name, one in PRECISIONS.items() if one is settings.engine.precision)
        weights = next(name for name, one in WEIGHTS.items() if one is settings.weights)
        return cls(settings.model or "", writer_text(settings), settings.engine.chunk_tokens, precision, weights)

    def applied(self, settings: Settings) -> Settings:
        """Return `settings` with these choices. Raises WholedocError if they contradict each other."""
        precision = PRECISIONS[self.precision]
        try:
            engine = replace(settings.engine, chunk_tokens=int(self.chunk_tokens), precision=precision)
        except ValueError as error:
            raise WholedocError(str(error)) from error
        model, writer = self.model.strip() or None, writer_of_text(self.answer_model)
        return replace(settings, model=model, answer_model=writer, engine=engine, weights=WEIGHTS[self.weights])


def writer_text(settings: Settings) -> str:
    """Return how a person writes down who answers: a name, `reader`, or nothing to leave it to the program."""
    chosen = settings.answer_model
    if isinstance(chosen, Answerer):
        return "" if chosen is Answerer.DEFAULT else chosen.value
    return chosen


def writer_of_text(text: str) -> str | Answerer:
    """Return who answers, by what a person wrote down or by the value of an Answerer."""
    text = text.strip() or Answerer.DEFAULT.value
    return next((one for one in Answerer if one.value == text), text)


@dataclass(frozen=True)
class AnsweringChoices:
    """How the questions of one tab are answered, from the next question on."""

    attention: str
    scoring: str
    hosts: int
    kept_tokens: int
    capacity: int
    eviction: str
    composition: str
    calibrate: Sequence[str]
    clustered: bool
    temperature: float
    max_new_tokens: int
    language: str = LANGUAGES[0]

    @property
    def instructions(self) -> str:
        """What the writer is told beside the question; empty if nothing."""
        return "" if self.language == LANGUAGES[0] else f"Answer in {self.language}."

    @classmethod
    def of(cls, settings: Settings) -> AnsweringChoices:
        """Return the choices that stand for these settings."""
        engine, sampling = settings.engine, settings.sampling
        attention = next(name for name, one in ATTENTIONS.items() if one is settings.attention)
        scoring = next(name for name, one in SCORINGS.items() if one is settings.scoring)
        eviction = next(name for name, one in POLICIES.items() if one is engine.eviction.policy)
        composition = next(name for name, one in COMPOSITIONS.items() if one is engine.composition)
        calibrated = engine.calibration.regions if engine.calibration else Region(0)
        calibrate = [name for name, one in REGIONS.items() if one in calibrated]
        return cls(
            attention,
            scoring,
            (settings.apb or APB()).hosts,
            engine.eviction.kept_tokens,
            engine.eviction.capacity,
            eviction,
            composition,
            calibrate,
            engine.clustered_heads is not None,
            sampling.temperature,
            sampling.max_new_tokens,
        )

    def applied(self, settings: Settings, clusters: Callable[[], ClusteredHeads]) -> Settings:
        """Return `settings` with these choices.

        `clusters` returns the model's clusters of heads. It is called if they are chosen and not in `settings`.
        Raises WholedocError if the choices contradict each other, and whatever `clusters` raises.
        """
        engine, sampling = settings.engine, settings.sampling
        try:
            eviction = replace(
                engine.eviction,
                kept_tokens=int(self.kept_tokens),
                capacity=int(self.capacity),
                policy=POLICIES[self.eviction],
            )
            engine = replace(
                engine,
                eviction=eviction,
                calibration=self._calibration(settings),
                composition=COMPOSITIONS[self.composition],
                clustered_heads=(engine.clustered_heads or clusters()) if self.clustered else None,
            )
            apb = self._apb(settings)
            sampling = replace(
                sampling, temperature=float(self.temperature), max_new_tokens=int(self.max_new_tokens)
            )
        except ValueError as error:
            raise WholedocError(f"These settings do not go together: {error}.") from error
        scoring = SCORINGS[self.scoring]
        return replace(settings, engine=engine, sampling=sampling, apb=apb, scoring=scoring)

    def _apb(self, settings: Settings) -> APB | None:
        attention, hosts = ATTENTIONS[self.attention], int(self.hosts)
        if attention is Attention.PARALLEL:
            return None
        if settings.apb is not None and attention is settings.attention:
            return replace(settings.apb, hosts=hosts)
        return APB(hosts) if attention is Attention.APB else APB.star(hosts)

    def _calibration(self, settings: Settings) -> Calibration | None:
        regions = Region(0)
        for name in self.calibrate:
            regions |= REGIONS[name]
        if not regions:
            return None
        before = settings.engine.calibration
        return replace(before, regions=regions) if before else Calibration(regions, CALIBRATED_LAYERS)


# The choices for parallel parts alone, and those that they leave without effect.
_OF_PARTS = ("scoring", "kept_tokens", "capacity", "eviction", "composition", "calibrate")


MAY_BE_WITHOUT_EFFECT = ("hosts", *_OF_PARTS)


def without_effect(attention: str, composition: str) -> dict[str, str]:
    """Return the fields of AnsweringChoices that have no effect with these two choices, each with the reason."""
    if ATTENTIONS[attention] is not Attention.PARALLEL:
        return dict.fromkeys(_OF_PARTS, "Without effect: this is for parallel parts.")
    reasons = {"hosts": "Without effect: this is for APB and Star-Attention."}
    if COMPOSITIONS[composition] is not Composition.ASSEMBLED:
        reasons["calibrate"] = "Without effect: this is for assembled parts."
    return reasons
