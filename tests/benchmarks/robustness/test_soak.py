"""The load, on a server in this process: what is wrong is found, and growth is told from noise."""

from __future__ import annotations

import mmap
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from benchmarks.robustness.load import Book, LoadClient
from benchmarks.robustness.memory import Part, parts
from benchmarks.robustness.slope import slope
from benchmarks.robustness.soak import Soak, _look_for_lost

from parallelcomp import Question
from wholedoc import Library, Settings

from ...app.server.serving import Server, running, until


@pytest.fixture
def server(roomy_model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A random model finds everything, and looks no more at what is asked than at its lead: all of it counts."""

    def alike(question: Question) -> list[float]:
        return [1 / len(question.asked)] * len(question.asked)

    monkeypatch.setattr("parallelcomp.engine.question_weights", alike)
    with running(Library.open(settings=Settings(model=str(roomy_model), found_margin=-1e9))) as one:
        one.wait_ready()
        yield one


def loaded(server: Server, enough: int) -> Soak:
    """Let two clients work until they have done so many things."""
    soak = Soak(server.url, Book())
    stopped = threading.Event()
    clients = [LoadClient(number, lambda: soak.url, soak.book, (5, 20)) for number in range(2)]
    threads = [threading.Thread(target=one.work, args=(stopped,)) for one in clients]
    for thread in threads:
        thread.start()
    try:
        until(
            lambda: (soak.book.done.total() >= enough and len(soak.book.done) == 4) or soak.book.wrong, seconds=60
        )
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
    return soak


@pytest.mark.embedded
def test_a_server_that_stands_loses_and_mixes_nothing(server: Server) -> None:
    soak = loaded(server, enough=40)
    assert soak.book.wrong == []
    assert set(soak.book.done) == {"read", "asked", "cancelled", "removed"}
    _look_for_lost(soak, server.http)
    assert soak.lost == []
    assert {one.id for one in server.library.documents()} == set(soak.book.kept)
    more = LoadClient(2, lambda: soak.url, soak.book, (5, 20))
    while len(soak.book.kept) < 2:
        more._read(server.http)
    # One that is gone, and one that is another.
    gone, other = list(soak.book.kept)[:2]
    server.http.delete(f"/v1/files/{gone}")
    soak.book.kept[other] = b"what was sent"
    _look_for_lost(soak, server.http)
    assert [one[:64] for one in soak.lost] == [gone, other]


@pytest.mark.embedded
def test_quotes_from_another_document_are_noticed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    question = LoadClient._question

    def of_another(client: LoadClient, id: str, word: str) -> dict[str, object]:
        others = [one for one in client.book.kept if one != id]
        return question(client, others[0] if others else id, word)

    monkeypatch.setattr(LoadClient, "_question", of_another)
    assert any("was shown" in one for one in loaded(server, enough=10_000).book.wrong)


def test_a_slope_is_told_with_its_error_over_several_lives() -> None:
    noise = random.Random(1)
    lives = [
        [(float(second), start + 2.0 * second + noise.gauss(0, 3)) for second in range(200)]
        for start in (1000.0, 5000.0)
    ]
    found = slope(lives)
    assert found.per_second is not None
    assert found.error is not None
    assert abs(found.per_second - 2.0) < 4 * found.error
    assert found.error == pytest.approx(3 / (2 * 200**3 / 12) ** 0.5, rel=0.2)


@pytest.mark.parametrize("lives", [[], [[]], [[(0.0, 1.0)]], [[(0.0, 1.0)], [(1.0, 2.0)]]])
def test_too_few_points_have_no_slope(lives: list[list[tuple[float, float]]]) -> None:
    assert slope(lives).per_second is None


def test_memory_is_told_apart_by_what_it_is_for(tmp_path: Path) -> None:
    (tmp_path / "kv").mkdir()
    before = parts(os.getpid())
    sizes = {"kv/ab.safetensors": 9_000_000, "model.safetensors": 6_000_000}
    mapped = []
    for name, size in sizes.items():
        (tmp_path / name).write_bytes(b"x" * size)
        with (tmp_path / name).open("rb") as file:
            mapped.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    assert [sum(one[::4096]) for one in mapped]  # pages are resident once they were looked at
    # Not from the heap, which may hand out memory that this process had already.
    own = mmap.mmap(-1, 50_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    own.write(b"x" * len(own))
    grown = {part: size - before[part] for part, size in parts(os.getpid()).items()}
    assert grown[Part.KV] >= 9_000_000
    assert grown[Part.MODELS] >= 6_000_000
    assert grown[Part.OWN] >= len(own) * 0.9
    for one in [own, *mapped]:
        one.close()
