"""From the name of a writer to the writer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..models.catalogue import Role
from ..models.held_models import is_held
from ..models.lazy_model import LazyModel
from ..models.recommendation import default_writer
from ..settings import Answerer, Settings
from .local import LocalWriter
from .remote import RemoteWriter, is_address
from .writer import Writer


def writer_of(
    settings: Settings, reader: LazyModel, models: Path, notify: Callable[[str], None] = lambda _: None
) -> Writer | None:
    """Return the writer that the settings name; None if the model that reads also answers, in its own way.

    By default it is the one of the catalogue that suits the machine, if it is held below `models`. Where the writer
    is the reader's own model, both share it. Raises WriterError for an address that is none.
    """
    name = settings.answer_model
    if name is Answerer.DEFAULT:
        default = default_writer(settings)
        name = default.name if default is not None and is_held(default, models) else Answerer.READER
    if isinstance(name, Answerer):
        return None
    if is_address(name):
        return RemoteWriter(name)
    if name == settings.model:
        return LocalWriter(name, reader)
    return LocalWriter(name, LazyModel(replace(settings, model=name), notify, role=Role.WRITER))
