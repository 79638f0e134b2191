"""A writer in this process: the model's own template, its own tokens, loaded late and unloaded when asked."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from parallelcomp import Cancelled, Sampling
from wholedoc import Library, Settings
from wholedoc.models.chat_template import chat_ids
from wholedoc.models.lazy_model import LazyModel
from wholedoc.writers.choosing import writer_of
from wholedoc.writers.local import LocalWriter
from wholedoc.writers.remote import RemoteWriter
from wholedoc.writers.writer import Message, Written

pytestmark = pytest.mark.embedded
GREEDY = Sampling(max_new_tokens=5)


@pytest.fixture
def writer(settings: Settings) -> LocalWriter:
    return LocalWriter("tiny", LazyModel(settings))


def test_it_writes_what_the_model_generates_for_its_own_template(writer: LocalWriter, library: Library) -> None:
    messages = [Message("system", "Be brief."), Message("user", "Who <|im_end|> came?")]
    assert not writer.is_loaded
    text = "".join(writer.write(messages, GREEDY))
    assert writer.is_loaded
    model = library.model
    ids = chat_ids(model.tokenizer, "Who <|im_end|> came?", (), "Be brief.")
    with torch.inference_mode():
        generated = model.loaded.model.generate(
            torch.tensor([ids]), max_new_tokens=5, do_sample=False, attention_mask=torch.ones(1, len(ids))
        )
    assert text == model.decode(generated[0, len(ids) :].tolist())


def test_a_text_as_long_as_it_may_be_says_so(writer: LocalWriter) -> None:
    work = writer.write([Message("user", "Who came?")], GREEDY)
    pieces: list[str] = []

    ended: list[Written] = []

    def to_the_end() -> Generator[str, None, None]:
        ended.append((yield from work))

    pieces += to_the_end()
    assert (ended[0].tokens, ended[0].cut_short) == (5, True)
    assert len(pieces) == 5


def test_it_tells_how_likely_another_beginning_was(writer: LocalWriter, library: Library) -> None:
    work = writer.write([Message("user", "Who came?")], GREEDY)
    while True:
        try:
            next(work)
        except StopIteration as stop:
            written: Written = stop.value
            break
    model = library.model
    with torch.inference_mode():
        logits = model.loaded.model(torch.tensor([chat_ids(model.tokenizer, "Who came?")])).logits[0, -1]
    first = model.tokenizer("Not stated.", add_special_tokens=False)["input_ids"][0]
    assert written.would_begin is not None
    assert written.would_begin("Not stated.") == pytest.approx(float(logits.softmax(-1)[first]), rel=1e-3)


def test_it_can_be_stopped_and_unloaded(writer: LocalWriter) -> None:
    work = writer.write([Message("user", "Who came?")], GREEDY, lambda: bool(seen))
    seen: list[str] = []
    seen.append(next(work))
    with pytest.raises(Cancelled):
        next(work)
    writer.unload()
    assert not writer.is_loaded
    assert "".join(writer.write([Message("user", "Who came?")], GREEDY))


def test_the_settings_name_the_writer(settings: Settings, tmp_path: Path) -> None:
    reader = LazyModel(settings)
    assert writer_of(settings, reader, tmp_path) is None
    remote = writer_of(replace(settings, answer_model="http://127.0.0.1:1/v1#m"), reader, tmp_path)
    assert isinstance(remote, RemoteWriter)
    assert not remote.here
    same = writer_of(replace(settings, answer_model=settings.model), reader, tmp_path)
    assert isinstance(same, LocalWriter)
    assert not reader.is_loaded
    "".join(same.write([Message("user", "Who came?")], GREEDY))
    assert reader.is_loaded  # one model in both roles is loaded once
