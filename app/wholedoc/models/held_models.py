"""The converted models below the folder `models/`: made when they are first needed, kept until they are removed."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..errors import ModelError
from ..storage.files.atomic import write_atomically
from . import conversion, fetching
from .catalogue import CatalogueModel, Role, find_model, next_smaller
from .preparing import Cancel, Notify, PreparingStoppedError, Progress

LOCK_SECONDS = 0.2
FINGERPRINTS, DIGESTS = "fingerprints.json", "gguf_digests.json"


def is_held(model: CatalogueModel, models: Path) -> bool:
    """Return whether the model is there, fetched and converted."""
    return (models / model.folder).is_dir()


def held_bytes(model: CatalogueModel, models: Path) -> int:
    """Return the bytes that the model takes on disk, with what was fetched of it."""
    folders = (models / model.folder, models / fetching.FOLDER / model.folder)
    return sum(one.stat().st_size for folder in folders for one in folder.rglob("*") if one.is_file())


def hold(model: CatalogueModel, models: Path, progress: Progress, cancelled: Cancel = lambda: False) -> Path:
    """Return the folder of a catalogue's model below `models`. The first call fetches and converts it.

    Raises ModelError if it cannot be had, and PreparingStoppedError once `cancelled` says so.
    """
    folder = models / model.folder
    if folder.is_dir():
        return folder
    with _locked(models, model.folder, cancelled):
        if not folder.is_dir():
            path = fetching.fetch(model, models, progress, cancelled)
            unpacked = conversion.EXACT if model.exact else conversion.COMPACT
            _convert(path, folder, model.name, unpacked, progress, cancelled)
            fetching.drop_fetched(model, models)
    return folder


def hold_or_smaller(
    model: CatalogueModel,
    role: Role,
    models: Path,
    progress: Progress,
    notify: Notify,
    cancelled: Cancel = lambda: False,
) -> tuple[CatalogueModel, Path]:
    """Return the model and its folder or, if it cannot be had, the next smaller one for this role that can.

    `notify` is told which one takes its place, and why. Raises ModelError, for the model that was asked for, if
    none can be had, and PreparingStoppedError once `cancelled` says so.
    """
    try:
        return model, hold(model, models, progress, cancelled)
    except PreparingStoppedError:
        raise
    except ModelError as error:
        smaller = next_smaller(model, role)
        if smaller is None:
            raise
        try:
            found = hold_or_smaller(smaller, role, models, progress, lambda _: None, cancelled)
        except PreparingStoppedError:
            raise
        except ModelError:
            raise error from None
        notify(f"{model.name} cannot be had, and {found[0].name} takes its place: {error}")
        return found


def hold_gguf(path: Path, models: Path, progress: Progress, cancelled: Cancel = lambda: False) -> Path:
    """Return the folder below `models` of a person's own GGUF file. The first call converts it.

    Its name has the file's sha256, so that the file may move, and a changed file is converted anew. Raises as
    `hold` does.
    """
    try:
        digest = _digest(path.resolve(), models)
    except OSError as error:
        raise ModelError(f"cannot read the model {path}: {error.strerror or error}") from error
    folder = models / f"{re.sub(r'[^a-z0-9.]+', '-', path.stem.lower())}-{digest[:8]}"
    if folder.is_dir():
        return folder
    with _locked(models, folder.name, cancelled):
        if not folder.is_dir():
            _convert(path, folder, path.name, conversion.COMPACT, progress, cancelled)
    return folder


def hold_named(name: str, models: Path, progress: Progress, cancelled: Cancel = lambda: False) -> Path:
    """Return the folder of what a person calls `name`; a Hugging Face id stands for itself.

    A model of the catalogue and a GGUF file are fetched and converted if they are not held. Raises as `hold` does.
    """
    if (model := find_model(name)) is not None:
        return hold(model, models, progress, cancelled)
    if is_gguf(name):
        return hold_gguf(Path(name).expanduser(), models, progress, cancelled)
    return Path(name)


def must_be_prepared(name: str, models: Path) -> bool:
    """Return whether `hold_named` would take long: a GGUF file may have to be converted."""
    model = find_model(name)
    return is_gguf(name) if model is None else not is_held(model, models)


def is_gguf(name: str) -> bool:
    """Return whether a model's name is that of a GGUF file."""
    return name.lower().endswith(".gguf")


def remove(model: CatalogueModel, models: Path) -> int:
    """Remove a model, and what was fetched of it. Returns the bytes that this sets free. Raises ModelError."""
    freed = held_bytes(model, models)
    try:
        folder = models / model.folder
        if folder.is_symlink():
            folder.unlink()
        elif folder.is_dir():
            shutil.rmtree(folder)
        fetching.drop_fetched(model, models)
    except OSError as error:
        raise ModelError(f"cannot remove {model.name}: {error.strerror or error}") from error
    return freed


def note_fingerprint(folder: Path, models: Path, fingerprint: str) -> None:
    """Remember that the model in `folder` has this fingerprint, by which its speed is known without loading it."""
    known = _read_json(models / FINGERPRINTS)
    if folder.parent != models or fingerprint in known.get(folder.name, []):
        return
    known[folder.name] = [*known.get(folder.name, []), fingerprint]
    _write_json(models / FINGERPRINTS, known)


def fingerprints(model: CatalogueModel, models: Path) -> tuple[str, ...]:
    """Return the fingerprints under which the model was loaded here, one for each number format."""
    return tuple(_read_json(models / FINGERPRINTS).get(model.folder, []))


def _digest(path: Path, models: Path) -> str:
    """Return the file's sha256. It is computed again only if the file has another size or was written since."""
    status = path.stat()
    state = [status.st_size, status.st_mtime_ns]
    known = _read_json(models / DIGESTS)
    if (found := known.get(str(path))) is not None and found[:2] == state:
        return str(found[2])
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    _write_json(models / DIGESTS, {**known, str(path): [*state, digest]})
    return digest


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with suppress(OSError):  # what it says can be found out again; the folder may be shared and not writable
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(content).encode())


def _convert(path: Path, folder: Path, name: str, unpacked: str, progress: Progress, cancelled: Cancel) -> None:
    """Make the folder whole or not at all."""
    prefix = f"making-{folder.name}-"
    for left_behind in folder.parent.glob(f"{prefix}*"):  # by a process that was killed
        shutil.rmtree(left_behind, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=prefix) as scratch:
        converted = Path(scratch) / "converted"
        conversion.convert(path, converted, name, unpacked, progress, cancelled)
        converted.rename(folder)


@contextmanager
def _locked(models: Path, name: str, cancelled: Cancel) -> Iterator[None]:
    """Let one process at a time make what is called `name`. Raises ModelError if `models` cannot be written."""
    try:
        models.mkdir(parents=True, exist_ok=True)
        lock = FileLock(models / f"{name}.lock")
        while True:
            try:
                lock.acquire(timeout=LOCK_SECONDS)
                break
            except Timeout:
                if cancelled():
                    raise PreparingStoppedError("stopped while another process makes the model") from None
    except OSError as error:
        raise ModelError(f"cannot keep the model in {models}: {error.strerror or error}") from error
    try:
        yield
    except OSError as error:
        raise ModelError(f"cannot keep the model in {models}: {error.strerror or error}") from error
    finally:
        lock.release()
