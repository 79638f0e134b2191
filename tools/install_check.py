"""Installs the wheel in `dist/` where nothing is, and asks a question: `python -m tools.install_check [WAY ...]`.

The ways are pip in an empty environment, `pipx install` and `uvx`. The browser app's extra is left out, and the
command that needs it must say so.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
CONSTRAINTS = ROOT / "constraints.txt"
QUESTION = "Which radio channel should a yacht use to announce herself?"
ANSWER = "12"
_MINUTES = 20


class InstallError(Exception):
    """The installed program does not do what it should."""


def wheel(folder: Path = DIST) -> Path:
    """Return the one wheel in a folder. Raises InstallError if there is none, or several."""
    found = sorted(folder.glob("*.whl"))
    if len(found) != 1:
        raise InstallError(f"{folder} has {len(found)} wheels: run `make dist`, which builds one")
    return found[0]


def check(command: Sequence[str | Path], home: Path) -> None:
    """Try an installed program, with a library of its own. Raises InstallError."""
    version = _run(command, home, "--version")
    _expect("wholedoc" in version.stdout, version)
    page = _run(command, home, "ui")
    _expect(page.returncode == 2 and 'pip install "wholedoc[ui]"' in page.stderr, page)
    document = ROOT / "sample_docs" / "short_notice.pdf"
    asked = _run(command, home, "ask", str(document), "-q", QUESTION, "--json")
    _expect(asked.returncode == 0, asked)
    (answer,) = json.loads(asked.stdout)["answers"]
    _expect(answer["found"] and any(ANSWER in one["quote"] for one in answer["citations"]), asked)


def _run(command: Sequence[str | Path], home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *arguments],
        capture_output=True,
        text=True,
        env={**_environment(), "WHOLEDOC_HOME": str(home)},
        cwd=home.parent,
        timeout=_MINUTES * 60,
        check=False,
    )


def _environment() -> dict[str, str]:
    """Return the environment variables without those that could lead to what is installed here."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}


def _expect(is_so: bool, run: subprocess.CompletedProcess[str]) -> None:
    if not is_so:
        shown = " ".join(map(str, run.args))
        raise InstallError(f"`{shown}` ended with {run.returncode}:\n{run.stdout}\n{run.stderr}")


def with_pip(folder: Path) -> list[str | Path]:
    """Install the wheel into an empty environment below `folder`; return the command that it has then."""
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--constraint", str(CONSTRAINTS), str(wheel())], check=True, env=_environment())
    return [folder / "bin" / "wholedoc"]


def with_pipx(folder: Path) -> list[str | Path]:
    """Do the same by `pipx install`."""
    places = {"PIPX_HOME": folder / "home", "PIPX_BIN_DIR": folder / "bin", "PIPX_MAN_DIR": folder / "man"}
    variables = {**_environment(), **{name: str(path) for name, path in places.items()}}
    variables["PIP_CONSTRAINT"] = str(CONSTRAINTS)
    install = [sys.executable, "-m", "pipx", "install", "--quiet", "--python", sys.executable, str(wheel())]
    subprocess.run(install, check=True, env=variables)
    return [folder / "bin" / "wholedoc"]


def with_uvx(folder: Path) -> list[str | Path]:
    """Return the command for `uvx`, which installs the wheel when it runs first, and keeps it in `folder`."""
    tool = [sys.executable, "-m", "uv", "tool", "run", "--quiet", "--no-config", "--python", sys.executable]
    return [*tool, "--cache-dir", folder, "--constraints", CONSTRAINTS, "--from", wheel(), "wholedoc"]


# All share a library: the first fetches the model into it.
WAYS = {"pip": with_pip, "pipx": with_pipx, "uvx": with_uvx}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.install_check", description=__doc__)
    parser.add_argument("ways", nargs="*", metavar="WAY", help=f"any of {', '.join(WAYS)} (default: all)")
    ways = parser.parse_args().ways or list(WAYS)
    if unknown := set(ways) - set(WAYS):
        parser.error(f"no way called {', '.join(sorted(unknown))}; there are {', '.join(WAYS)}")
    with tempfile.TemporaryDirectory() as folder:
        for name in ways:
            print(f"{name}: installing {wheel().name} where nothing is (some minutes)", flush=True)
            check(WAYS[name](Path(folder) / name), Path(folder) / "home")
            print(f"{name}: it is installed, says what the browser app needs, and answers", flush=True)


if __name__ == "__main__":
    try:
        main()
    except InstallError as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError as error:
        sys.exit(f"`{' '.join(map(str, error.cmd))}` ended with {error.returncode}")
