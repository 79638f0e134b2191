"""A model's file from the Hugging Face hub, where the hub answers."""

from __future__ import annotations

import http.client
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from ...errors import ModelError
from ..catalogue import CatalogueModel, HubFile
from ..preparing import Cancel

ANSWER_SECONDS = 2.0
STALLED_SECONDS = 20.0
CHUNK_BYTES = 1 << 18


def address(file: HubFile) -> str:
    """Return the address of a file, on the hub or on the mirror that HF_ENDPOINT names."""
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    return f"{endpoint}/{file.repository}/resolve/{file.revision}/{file.file}"


def fetch(model: CatalogueModel, path: Path, tell: Callable[[int], None], stopped: Cancel) -> None:
    """Append to `path` what it lacks of the model's file. `tell` is told the bytes that are there.

    Raises ModelError if the hub must not be asked, does not answer within two seconds, has another file or ends
    early, OSError if the disk does not take it, and what `stopped` raises.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise ModelError("the Hugging Face hub was not asked (HF_HUB_OFFLINE)")
    url = address(model.hub)
    _check_answers(url, model.bytes)
    there = path.stat().st_size
    request = urllib.request.Request(url, headers={"Range": f"bytes={there}-"})
    try:
        with urllib.request.urlopen(request, timeout=STALLED_SECONDS) as response, path.open("r+b") as file:
            if response.status != 206:  # it sends all of it, not the rest
                there = 0
            file.truncate(there)
            file.seek(there)
            while data := _read(response):
                stopped()
                file.write(data)
                there += len(data)
                tell(there)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise ModelError(f"the Hugging Face hub broke off ({error})") from error
    if there != model.bytes:
        raise ModelError("the Hugging Face hub broke off")


def _read(response: http.client.HTTPResponse) -> bytes:
    """Read on, telling the connection's errors from those of the disk."""
    try:
        return response.read(CHUNK_BYTES)
    except OSError as error:
        raise ConnectionError(str(error)) from error


def _check_answers(url: str, expected_bytes: int) -> None:
    """Raise ModelError unless a file of this many bytes is there and the answer comes in time.

    The question is asked in a thread of its own, since looking up a name obeys no time-out.
    """
    answers: list[int | str] = []
    asking = threading.Thread(target=lambda: answers.append(_length(url)), daemon=True)
    asking.start()
    asking.join(ANSWER_SECONDS)
    answer = answers[0] if answers else "no answer within two seconds"
    if isinstance(answer, str):
        raise ModelError(f"the Hugging Face hub cannot be reached ({answer})")
    if answer != expected_bytes:
        raise ModelError("the Hugging Face hub has another file of this name")


def _length(url: str) -> int | str:
    """Return how many bytes are there, or why that cannot be known."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=ANSWER_SECONDS) as response:
            return int(response.headers.get("Content-Length", 0))
    except (OSError, ValueError, http.client.HTTPException) as error:
        return str(getattr(error, "reason", None) or error)
