"""The command `wholedoc ui`: what it refuses, what it prints, and what it leaves behind."""

from __future__ import annotations

import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gradio")

from wholedoc.cli import run
from wholedoc.storage.home import home
from wholedoc_ui.app_state import AppState
from wholedoc_ui.serving import server
from wholedoc_ui.serving.server import Address
from wholedoc_ui.serving.starting import StartingApp

from ..conftest import NOTICE

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def wholedoc(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Run one command line and return its exit code, stdout and stderr. Undoes what it changes in the process."""
    before = signal.getsignal(signal.SIGTERM)
    for variable in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED"):
        monkeypatch.setenv(variable, "")

    def command(*arguments: str | Path) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    yield command
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def never_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a command line that should be refused, but is not, fail the test instead of serving for ever."""
    monkeypatch.setattr(server, "serve", lambda *_: pytest.fail("it is being served"))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the program makes its temporary folders."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_help_lists_it(wholedoc: Command) -> None:
    code, out, _ = wholedoc("--help")
    assert code == 0
    (line,) = [line for line in out.splitlines() if line.split()[:1] == ["ui"]]
    assert "browser" in line


def test_its_own_help_names_what_matters(wholedoc: Command) -> None:
    code, out, _ = wholedoc("ui", "--help")
    assert code == 0
    for option in ("--host", "--port", "--auth", "--no-auth", "--upload-limit", "--model", "--kept-tokens"):
        assert option in out


@pytest.mark.usefixtures("never_serves")
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com"])
def test_others_are_not_let_in_unasked(wholedoc: Command, host: str) -> None:
    code, _, err = wholedoc("ui", "--host", host)
    assert code == 2
    assert "--auth USER:PASSWORD" in err
    assert "--no-auth" in err


@pytest.mark.usefixtures("never_serves")
@pytest.mark.parametrize("auth", ["anna", "anna:", ":sesame", ":", ""])
def test_a_name_without_a_password_is_refused(wholedoc: Command, auth: str) -> None:
    code, _, err = wholedoc("ui", "--auth", auth)
    assert code == 2
    assert "colon" in err


@pytest.mark.usefixtures("never_serves")
@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere.pdf"],
        ["."],
        ["--port", "0"],
        ["--port", "65536"],
        ["--port", "http"],
        ["--upload-limit", "0"],
        ["--chunk-tokens", "3"],
        ["--device", "toaster"],
    ],
)
def test_what_makes_no_sense_is_refused(wholedoc: Command, temporary: Path, arguments: list[str]) -> None:
    code, _, err = wholedoc("ui", *arguments)
    assert code == 2
    assert arguments[-1] in err
    assert "Traceback" not in err
    assert list(temporary.iterdir()) == []


def test_a_port_in_use_says_what_to_do_and_leaves_nothing(wholedoc: Command, temporary: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, out, err = wholedoc("ui", "--port", port)
    assert code == 1
    assert port in err
    assert "--port" in err
    assert "unexpected" not in err
    assert out == ""
    assert list(temporary.iterdir()) == list(home().rglob("incoming/*")) == []


def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collects what would be served, and serves nothing."""
    seen: list[Any] = []

    def create_app(app_state: AppState, address: Address, upload_bytes: int, origins: tuple[str, ...]) -> str:
        seen.extend((app_state, address, upload_bytes, origins))
        return "the app"

    def serve(app: StartingApp, address: Address, ready: Callable[[], None]) -> None:
        assert app._make() == "the app"  # type: ignore[comparison-overlap]
        assert address == seen[1]
        app._ready()

    def start(_: AppState, files: tuple[Path, ...]) -> None:
        seen.append(files)

    monkeypatch.setattr(server, "create_app", create_app)
    monkeypatch.setattr(server, "serve", serve)
    monkeypatch.setattr(AppState, "start", start)
    return seen


def test_what_is_typed_is_what_is_served(
    wholedoc: Command, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = served(monkeypatch)
    options = ["--host", "0.0.0.0", "--port", "8001", "--auth", "anna:open:sesame", "--upload-limit", "1.5"]
    options += ["--allow-origin", "https://docs.example"]
    code, out, _ = wholedoc("ui", NOTICE, *options, "--kept-tokens", "900", "--chunk-tokens", "512")
    assert code == 0
    app_state, address, upload_bytes, origins, files = seen
    assert origins == ("https://docs.example",)
    assert address == Address("0.0.0.0", 8001, ("anna", "open:sesame"))  # a password may hold colons
    assert upload_bytes == 1_500_000
    assert files == (NOTICE,)
    assert app_state.library.settings.engine.eviction.kept_tokens == 900
    assert app_state.library.settings.engine.chunk_tokens == 512
    assert out.count("http://0.0.0.0:8001") == 1
    assert "sesame" not in out
    assert app_state.uploads.folder.parent == home() / "incoming"
    assert (
        list(temporary.iterdir()) == list((home() / "incoming").iterdir()) == []
    )  # the folder for uploads is gone


def test_by_default_only_this_machine_can_connect(wholedoc: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = served(monkeypatch)
    assert wholedoc("ui")[0] == 0
    assert seen[1] == Address("127.0.0.1", 7860, None)
    assert seen[1].is_loopback
    assert seen[2] == 500_000_000


def test_letting_everybody_in_has_to_be_said(wholedoc: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = served(monkeypatch)
    assert wholedoc("ui", "--host", "0.0.0.0", "--no-auth")[0] == 0
    assert seen[1].auth is None


@pytest.mark.usefixtures("never_serves")
@pytest.mark.parametrize("package", ["gradio", "fastapi", "uvicorn"])
def test_a_missing_package_says_how_to_get_it(
    wholedoc: Command, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    for name in ("wholedoc_ui.interface.app", "wholedoc_ui.serving.server", "wholedoc.server.serving"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, package, None)  # importing it fails now
    code, _, err = wholedoc("ui", "--port", "1")
    assert code == 2
    assert f"{package} is missing" in err
    assert 'pip install "wholedoc[ui]"' in err
