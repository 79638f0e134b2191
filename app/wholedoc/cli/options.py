"""Options that several commands share, and the settings that they stand for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from parallelcomp import Calibration, ClusteredHeads
    from parallelcomp.apb import APB

    from ..settings import Answerer, Settings

F = TypeVar("F", bound=Callable[..., Any])

MODEL = (
    click.option(
        "--model",
        metavar="NAME",
        help="A name that `wholedoc models` lists, a Hugging Face id, a folder or a GGUF file "
        "[default: the embedded model].",
    ),
    click.option(
        "--answer-model",
        metavar="NAME_OR_URL",
        help="Who writes the answers: a name, an id, a folder or a file as for --model, the address of a program "
        "that speaks OpenAI's protocol, such as http://127.0.0.1:11434/v1#llama3.1, or `reader` [default: the "
        "writer that `wholedoc doctor` recommends once it has been fetched, until then the model that reads].",
    ),
    click.option(
        "--device", metavar="DEVICE", help="cpu, cuda, cuda:1, mps ... [default: cuda or mps if there is one]."
    ),
    click.option(
        "--dtype",
        type=click.Choice(["fp32", "bf16", "fp16"]),
        help="Number format to compute in [default: bf16 where the device has it].",
    ),
    click.option(
        "--weights",
        type=click.Choice(["bf16", "int8", "int4", "fp8", "nf4"]),
        help="Number format of the model's weights; all but bf16 need the extra `quantized` [default: as the model "
        "is published].",
    ),
    click.option(
        "--decode-weights",
        type=click.Choice(["full", "int8"]),
        help="Weights that decode multiplies by [default: int8 for a small model on a CPU in bf16].",
    ),
    click.option("--chunk-tokens", type=click.IntRange(16), help="Longest chunk, in tokens."),
    click.option(
        "--precision",
        type=click.Choice(["fp32", "bf16", "fp16", "int8", "int4", "int2"]),
        help="Number format of the stored KV.",
    ),
)
LIBRARY = click.option(
    "--library-limit",
    "library_bytes",
    callback=lambda _context, _option, gigabytes: gigabytes and gigabytes * 1e9,
    type=click.FloatRange(0, min_open=True),
    metavar="GB",
    help="Most that the library may take on disk; the least recently used goes first [default: 32].",
)
PASSWORD = click.option("--password", help="Password of an encrypted PDF.")
JSON = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on stdout, and nothing else there."
)
ANSWER = (
    click.option(
        "--scoring",
        type=click.Choice(["scan", "likelihood"]),
        help="Score those parts of a document that a quick scan of all puts first, or every part, as in the paper "
        "[default: scan].",
    ),
    click.option("--kept-tokens", type=click.IntRange(1), help="Document tokens that stay for the answer, in all."),
    click.option("--capacity", type=click.IntRange(1), help="Most tokens that stay of one chunk."),
    click.option(
        "--eviction",
        type=click.Choice(["question", "snapkv", "pyramidkv", "streaming-llm", "h2o", "nacl", "corm"]),
        help="Who chooses the tokens that stay of a chunk longer than the capacity [default: question].",
    ),
    click.option(
        "--answer-from",
        type=click.Choice(["context", "passages", "quote"]),
        help="Without a writer: answer from all that was kept, from the best passages read again, or with the best "
        "passage itself [default: by the model's size].",
    ),
    click.option(
        "--composition",
        type=click.Choice(["assembled", "reread", "mixture"]),
        help="How kept chunks are put together.",
    ),
    click.option(
        "--calibrate",
        type=click.Choice(["sink", "middle", "recency"]),
        multiple=True,
        help="Calibrate attention in this region of the chunks (repeatable).",
    ),
    click.option(
        "--calibrate-layers",
        type=(float, float),
        default=(0.25, 0.5),
        show_default=True,
        help="Layers to calibrate, as fractions of depth.",
    ),
    click.option(
        "--calibrate-threshold",
        type=float,
        default=0.1,
        show_default=True,
        help="Share of a head's attention above which a token is evicted.",
    ),
    click.option(
        "--clusters",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="Let one head compute the scores of all that attend alike: the file that cluster-heads wrote.",
    ),
    click.option(
        "--cluster-by",
        type=click.Choice(["first-tokens", "observation-window"]),
        default="first-tokens",
        show_default=True,
        help="Which of the question's tokens show which heads attend alike.",
    ),
    click.option("--temperature", type=click.FloatRange(0), help="0 is greedy."),
    click.option(
        "--top-p", type=click.FloatRange(0, 1, min_open=True), help="Nucleus sampling, with a temperature above 0."
    ),
    click.option("--max-new-tokens", type=click.IntRange(1), help="Longest answer, in tokens."),
)
ATTENTION = (
    click.option(
        "--attention",
        type=click.Choice(["parallel", "apb", "star"]),
        default="parallel",
        show_default=True,
        help="How the document is seen: in parallel chunks, which are kept, or by APB or Star-Attention, which "
        "read it anew for every question.",
    ),
    click.option("--hosts", type=click.IntRange(1), help="Blocks of APB and Star-Attention [default: 8]."),
    click.option(
        "--anchor-tokens",
        type=click.IntRange(0),
        help="Tokens of the document's start that every block of APB sees [default: by the length].",
    ),
    click.option(
        "--passing-tokens",
        type=click.IntRange(0),
        help="Tokens that every block of APB hands on, per layer and KV head [default: by the length].",
    ),
)


def shared(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Returns one decorator that adds several options, which --help shows in this order."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def settings_from(given: dict[str, Any]) -> Settings:
    """Returns settings with the options that were given, and defaults for the others.

    Raises click.UsageError for options that are out of range or do not fit together or the machine, and
    ClusterError for a bad file of --clusters.
    """
    import torch

    from parallelcomp import (
        ChunkScoring,
        Composition,
        DecodeWeights,
        EngineConfig,
        Eviction,
        EvictionPolicy,
        KVPrecision,
        Sampling,
        Weights,
        is_usable,
    )

    from ..settings import AnswerFrom, Settings

    engine = _given(given, chunk_tokens=int, composition=Composition, precision=KVPrecision)
    evicting = _given(
        {**given, "policy": given.get("eviction")}, kept_tokens=int, capacity=int, policy=EvictionPolicy
    )
    engine["eviction"] = Eviction(**evicting)
    engine["calibration"] = _calibration(given)
    engine["clustered_heads"] = _clustered_heads(given)
    try:
        device = torch.device(given["device"]) if given.get("device") else None
        config = EngineConfig(**engine)
    except (RuntimeError, ValueError) as error:
        raise click.UsageError(str(error).splitlines()[0]) from error
    if device is not None and not is_usable(device):
        name = "GPU of Apple's" if device.type == "mps" else "CUDA device"
        raise click.UsageError(f"this machine has no usable {name}; leave out --device or say --device cpu")
    sampling = Sampling(**_given(given, temperature=float, top_p=float, max_new_tokens=int))
    return Settings(
        model=given.get("model"),
        answer_model=_answer_model(given.get("answer_model")),
        device=device,
        engine=config,
        sampling=sampling,
        apb=_apb(given),
        **_given(
            given,
            dtype=lambda name: KVPrecision(name).dtype,
            weights=Weights,
            decode_weights=DecodeWeights,
            answer_from=AnswerFrom,
            library_bytes=int,
            scoring=ChunkScoring,
        ),
    )


def _answer_model(name: str | None) -> str | Answerer:
    """Returns who writes the answers; `reader` is the word for the model that reads."""
    from ..settings import Answerer

    if name is None:
        return Answerer.DEFAULT
    return Answerer.READER if name == Answerer.READER.value else name


def _apb(given: dict[str, Any]) -> APB | None:
    """Returns the settings of APB or Star-Attention, or None for parallel chunks.

    Raises click.UsageError if a length is given that the chosen attention does not have.
    """
    from parallelcomp.apb import APB

    from ..settings import Attention

    attention = Attention(given.get("attention", Attention.PARALLEL.value))
    if attention is not Attention.PARALLEL and given.get("scoring") is not None:
        raise click.UsageError(f"--scoring says nothing to --attention {attention.value}")
    lengths = _given(given, hosts=int, anchor_tokens=int, passing_tokens=int)
    if attention is Attention.APB:
        return APB(**lengths)
    known = {"hosts"} if attention is Attention.STAR else set()
    for name in lengths.keys() - known:
        raise click.UsageError(f"--{name.replace('_', '-')} says nothing to --attention {attention.value}")
    return APB.star(**lengths) if attention is Attention.STAR else None


def _clustered_heads(given: dict[str, Any]) -> ClusteredHeads | None:
    """Reads the file of --clusters, if one is given. Raises ClusterError if it is no such file.

    Whether it belongs to the model is checked by the engine.
    """
    from parallelcomp import Membership
    from parallelcomp.chai import head_clusters

    if not given.get("clusters"):
        return None
    return replace(head_clusters.read(Path(given["clusters"])), membership=Membership(given["cluster_by"]))


def _given(given: dict[str, Any], **kinds: Callable[[Any], Any]) -> dict[str, Any]:
    """Returns the options of these names that were given, converted."""
    return {name: kind(given[name]) for name, kind in kinds.items() if given.get(name) is not None}


def _calibration(given: dict[str, Any]) -> Calibration | None:
    from parallelcomp import Calibration, LayerRange, Region

    if not given.get("calibrate"):
        return None
    regions = Region(0)
    for name in given["calibrate"]:
        regions |= Region[name.upper()]
    try:
        return Calibration(regions, LayerRange(*given["calibrate_layers"]), given["calibrate_threshold"])
    except ValueError as error:
        raise click.UsageError(str(error)) from error
