"""What a GGUF file says of itself: its metadata and where its tensors are.

The reader of the `gguf` package builds an object for every token of the vocabulary, which takes longer than all of
the conversion. This one reads the same facts in a fraction of a second and leaves the vocabulary to transformers.
"""

from __future__ import annotations

import mmap
import os
import struct
from dataclasses import dataclass
from math import gcd, prod
from pathlib import Path

import gguf
import numpy as np

from ...errors import ModelError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
DEFAULT_ALIGNMENT = 32
# How the format numbers the types of metadata values. Strings and arrays are read apart.
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
LONG_ROW_BLOCKS = 256


@dataclass(frozen=True)
class GgufTensor:
    """One tensor of the file. `shape` is in the order of torch, `offset` counts bytes from the file's start."""

    name: str
    shape: tuple[int, ...]
    type: gguf.GGMLQuantizationType
    offset: int
    bytes: int

    @property
    def is_quantized(self) -> bool:
        """True for blocks of quantised numbers, False for plain floating-point numbers."""
        return self.type.name not in ("F32", "F16", "BF16")


@dataclass(frozen=True)
class GgufHeader:
    """The metadata of a file, and its tensors in the file's order.

    A value is a number, a text, or a tuple of numbers. An array of texts is represented by its length.
    """

    metadata: dict[str, object]
    tensors: tuple[GgufTensor, ...]

    @property
    def architecture(self) -> str:
        """The name that llama.cpp gives to the model's family."""
        return str(self.metadata.get("general.architecture", ""))


def read_header(path: Path) -> GgufHeader:
    """Read a file's header. Raises ModelError if it is not a whole GGUF file of a kind that can be read."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Reader(data).header()
    except OSError as error:
        raise ModelError(f"cannot read the model {path}: {error.strerror or error}") from error
    except (ValueError, struct.error, UnicodeDecodeError) as error:
        raise ModelError(f"{path.name} is no usable GGUF file: {error}") from error


def read_numbers(file_descriptor: int, tensor: GgufTensor, first: int, rows: int) -> np.ndarray:
    """Return rows `first` to `first + rows` of a tensor as fp32, in its shape. A vector is one row."""
    all_rows = tensor.shape[0] if len(tensor.shape) > 1 else 1
    row_bytes = tensor.bytes // all_rows
    rows = min(rows, all_rows - first)
    data = _read_exactly(file_descriptor, rows * row_bytes, tensor.offset + first * row_bytes)
    # Blocks are independent of each other. gguf works on 16 rows at a time, which is fastest if they are long.
    block_bytes = gguf.GGML_QUANT_SIZES[tensor.type][1]
    long_row = block_bytes * gcd(len(data) // block_bytes, LONG_ROW_BLOCKS)
    numbers: np.ndarray = gguf.dequantize(np.frombuffer(data, np.uint8).reshape(-1, long_row), tensor.type)
    return numbers.reshape((rows, *tensor.shape[1:]) if len(tensor.shape) > 1 else tensor.shape)


def _read_exactly(file_descriptor: int, count: int, offset: int) -> bytes:
    data = os.pread(file_descriptor, count, offset)
    while len(data) < count:  # one call returns at most 2 GB
        more = os.pread(file_descriptor, count - len(data), offset + len(data))
        if not more:
            raise ValueError("the file ends in the middle of a tensor")
        data += more
    return data


class _Reader:
    """Reads the header from a file's bytes, from the start on."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def header(self) -> GgufHeader:
        if self._take(4) != MAGIC:
            raise ValueError("it does not begin like one")
        version = self._number("I")
        if version not in VERSIONS:
            raise ValueError(f"its version is {version}, and versions 2 and 3 can be read")
        tensor_count, value_count = self._number("Q"), self._number("Q")
        metadata = dict(self._pair() for _ in range(value_count))
        entries = [self._tensor() for _ in range(tensor_count)]
        alignment = int(metadata.get("general.alignment", DEFAULT_ALIGNMENT))  # type: ignore[call-overload]
        start = -(-self._at // alignment) * alignment
        tensors = tuple(_placed(name, shape, kind, start + offset) for name, shape, kind, offset in entries)
        if any(one.offset + one.bytes > len(self._data) for one in tensors):
            raise ValueError("it is cut short: fetch or copy it again")
        return GgufHeader(metadata, tensors)

    def _pair(self) -> tuple[str, object]:
        key = self._text()
        return key, self._value(self._number("I"))

    def _tensor(self) -> tuple[str, tuple[int, ...], int, int]:
        name = self._text()
        sizes = [self._number("Q") for _ in range(self._number("I"))]
        return name, tuple(reversed(sizes)), self._number("I"), self._number("Q")

    def _value(self, kind: int) -> object:
        if kind == STRING:
            return self._text()
        if kind in SCALARS:
            return self._number(SCALARS[kind])
        if kind != ARRAY:
            raise ValueError(f"its metadata has a value of the unknown type {kind}")
        item, count = self._number("I"), self._number("Q")
        if item == STRING:
            for _ in range(count):
                self._take(self._number("Q"))
            return count
        if item not in SCALARS:
            raise ValueError(f"its metadata has an array of the unknown type {item}")
        return struct.unpack(f"<{count}{SCALARS[item]}", self._take(count * struct.calcsize(f"<{SCALARS[item]}")))

    def _text(self) -> str:
        return self._take(self._number("Q")).decode("utf-8")

    def _number(self, code: str) -> int:
        size = struct.calcsize(f"<{code}")
        (number,) = struct.unpack(f"<{code}", self._take(size))
        return number

    def _take(self, count: int) -> bytes:
        if count > len(self._data) - self._at:
            raise ValueError("it is cut short: fetch or copy it again")
        self._at += count
        return self._data[self._at - count : self._at]


def _placed(name: str, shape: tuple[int, ...], kind: int, offset: int) -> GgufTensor:
    try:
        type = gguf.GGMLQuantizationType(kind)
    except ValueError:
        raise ValueError(f"its tensor {name} is quantised in a way that is not known here (type {kind})") from None
    block_numbers, block_bytes = gguf.GGML_QUANT_SIZES[type]
    return GgufTensor(name, shape, type, offset, prod(shape) // block_numbers * block_bytes)
