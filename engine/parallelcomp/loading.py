"""Loading a model: from a folder or a Hugging Face id, straight to the device, in the wanted number format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

from .errors import MemoryPlanError, UnsupportedModelError, WeightsError
from .memory import USABLE, free_bytes, gigabytes
from .models import experts
from .models.families import check_supported, text_config
from .models.model import LoadedModel, adopt
from .models.weights import DEVICES, Weights, check_weights, quantization_config, ready_made, size_of


def load(
    name: str | Path, *, device: torch.device, dtype: torch.dtype, weights: Weights | None = None
) -> LoadedModel:
    """Load a causal LM from a folder or a Hugging Face id.

    `dtype` is what is computed in, `weights` the format of the linear layers' weights; None leaves them in `dtype`,
    or as the checkpoint has them if it is quantised already. Before any weight is read it raises
    UnsupportedModelError if the engine cannot express the model, WeightsError if a library or a kernel is missing,
    MemoryPlanError if the weights do not fit, and OSError (from transformers) if there is no such model.
    """
    # Code that comes with a model is never run, and nobody is asked whether it should be.
    config = AutoConfig.from_pretrained(name, trust_remote_code=False)
    check_supported(config)
    check_weights(config, weights, device, dtype)
    check_fits(config, weights, device, dtype)
    kind = AutoModelForCausalLM if text_config(config) is config else AutoModelForImageTextToText
    options: dict[str, Any] = {"dtype": dtype, "trust_remote_code": False, "output_loading_info": True}
    has_experts = size_of(config).has_experts
    if (quantised := quantization_config(weights, dtype, experts=has_experts)) is not None:
        options["quantization_config"] = quantised
        if has_experts:
            experts.register()
            options["experts_implementation"] = experts.NAME
    is_quantised = quantised is not None or ready_made(config) is not None
    if device.type != "cpu" or is_quantised:
        options["device_map"] = {"": device}  # each tensor goes there as it is read
    if is_quantised:
        model, found = _load_quantised(kind, name, options, device)
    else:
        model, found = kind.from_pretrained(name, **options)
    if found["missing_keys"]:
        lacking = sorted(found["missing_keys"])
        raise UnsupportedModelError(
            f"the checkpoint lacks {len(lacking)} of the model's weights, for example {lacking[0]}: it is damaged, "
            "or of another kind of model than its config says"
        )
    return adopt(model)


def _load_quantised(
    kind: Any, name: str | Path, options: dict[str, Any], device: torch.device
) -> tuple[Any, dict[str, Any]]:
    """Load a model with quantised weights, and run one token through it.

    So a missing kernel shows now, and a method that unpacks its weights when they are first used has done so before
    their bytes are counted. Raises WeightsError.
    """
    try:
        model, found = kind.from_pretrained(name, **options)
        with torch.inference_mode():
            model(input_ids=torch.zeros(1, 1, dtype=torch.long, device=device), use_cache=False)
    except (ImportError, RuntimeError, AssertionError) as error:
        raise WeightsError(
            f"the quantised weights cannot be used on {device.type}: {_first_line(error)}"
        ) from error
    return model, found


def check_fits(config: Any, weights: Weights | None, device: torch.device, dtype: torch.dtype) -> None:
    """Raise MemoryPlanError, with the formats that would fit, if the weights take more than is free on the device.

    A checkpoint that is quantised already is not checked, since its config does not always say its size.
    """
    if ready_made(config) is not None:
        return
    size, usable = size_of(config), int(free_bytes(device) * USABLE)
    need = size.bytes(weights, dtype)
    if need <= usable:
        return
    able = [one for one in Weights if device.type in DEVICES.get(one, ())]
    fitting = [
        f"{one.value} ({gigabytes(size.bytes(one, dtype))})" for one in able if size.bytes(one, dtype) <= usable
    ]
    advice = f"weights in {' or '.join(fitting)} would fit" if fitting else "choose a smaller model"
    raise MemoryPlanError(
        f"the model's weights take {gigabytes(need)}, but only {gigabytes(usable)} can be used on {device.type}: "
        f"{advice}"
    )


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
