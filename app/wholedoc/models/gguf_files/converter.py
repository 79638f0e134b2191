"""A GGUF file as a folder that transformers loads. This module is run as a child process, see `models.conversion`.

Its memory is thereby given back, and what libraries print stays out of our output. Progress goes to stdout, as
lines of two numbers: how many weights of how many are written.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, PreTrainedTokenizerFast

from parallelcomp import UnsupportedModelError

from ...errors import ModelError
from ..quiet import quiet_transformers
from .config import ROPE_FACTORS, read_config
from .header import GgufHeader, read_header, read_numbers
from .weights import finer_of_tied, write_weights

REFUSED = 3
PROGRESS_SECONDS = 0.2


def convert(
    path: Path, target: Path, unpacked: torch.dtype, progress: Callable[[int, int], None] = lambda *_: None
) -> None:
    """Write weights, configuration and tokenizer of the file `path` to the new folder `target`.

    Quantised weights become numbers in `unpacked`; others stay as they are. Raises ModelError,
    parallelcomp.UnsupportedModelError and OSError.
    """
    quiet_transformers()
    header = read_header(path)
    config = read_config(header, _rope_factors(path, header))
    tied = finer_of_tied(path, header)
    if tied is not None:
        config.tie_word_embeddings = True
    target.mkdir(parents=True)
    write_weights(path, header, config, tied, unpacked, target / "model.safetensors", progress)
    _save_config(config, unpacked, target)
    _tokenizer(path, config.model_type).save_pretrained(target)


def _tokenizer(path: Path, family: str) -> Any:
    """Return the file's tokenizer. Without being told the family, transformers would first read the vocabulary once
    more, by the slow reader, to find it out."""
    if family == "llama":  # whose tokenizers have no class in common
        return PreTrainedTokenizerFast.from_pretrained(path.parent, gguf_file=path.name)
    return AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name, tokenizer_type=family)


def _rope_factors(path: Path, header: GgufHeader) -> Any:
    tensor = next((one for one in header.tensors if one.name == ROPE_FACTORS), None)
    if tensor is None:
        return None
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return read_numbers(descriptor, tensor, 0, 1)
    finally:
        os.close(descriptor)


def _save_config(config: Any, unpacked: torch.dtype, target: Path) -> None:
    config.architectures = [AutoModelForCausalLM._model_mapping[type(config)].__name__]
    config.dtype = unpacked
    config.save_pretrained(target)
    GenerationConfig.from_model_config(config).save_pretrained(target)


def main(path: str, target: str, unpacked: str) -> int:
    """Convert and return the exit code. Why a file is refused goes to stderr as one line."""
    told = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told >= PROGRESS_SECONDS or done == total:
            told = time.monotonic()
            print(done, total, flush=True)

    try:
        convert(Path(path), Path(target), getattr(torch, unpacked), tell)
    except (ModelError, UnsupportedModelError) as error:
        print(error, file=sys.stderr)
        return REFUSED
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "the disk is full: free some space" if full else (error.strerror or str(error))
        print(reason, file=sys.stderr)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
