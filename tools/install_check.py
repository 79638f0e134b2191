"""Installs the wheel in `dist/` into an empty environment and asks a question: `python -m tools.install_check`.

That is what `pipx install wholedoc` and `uvx wholedoc` do. The browser app's extra is left out, and the command
that needs it must say so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
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


def check(program: Path, home: Path) -> None:
    """Try an installed program, with a library of its own. Raises InstallError."""
    version = _run(program, home, "--version")
    _expect("wholedoc" in version.stdout, version)
    page = _run(program, home, "ui")
    _expect(page.returncode == 2 and 'pip install "wholedoc[ui]"' in page.stderr, page)
    document = ROOT / "sample_docs" / "short_notice.pdf"
    asked = _run(program, home, "ask", str(document), "-q", QUESTION, "--json")
    _expect(asked.returncode == 0, asked)
    (answer,) = json.loads(asked.stdout)["answers"]
    _expect(answer["found"] and any(ANSWER in one["quote"] for one in answer["citations"]), asked)


def _run(program: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Nothing of the environment in which this runs may help.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return subprocess.run(
        [program, *arguments],
        capture_output=True,
        text=True,
        env={**kept, "WHOLEDOC_HOME": str(home)},
        cwd=home.parent,
        timeout=_MINUTES * 60,
        check=False,
    )


def _expect(is_so: bool, run: subprocess.CompletedProcess[str]) -> None:
    if not is_so:
        shown = " ".join(map(str, run.args))
        raise InstallError(f"`{shown}` ended with {run.returncode}:\n{run.stdout}\n{run.stderr}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "environment"
        venv.create(environment, with_pip=True)
        python = environment / "bin" / "python"
        constraints = ROOT / "constraints.txt"
        print(f"installing {wheel().name} into an empty environment (some minutes)", flush=True)
        subprocess.run(
            [
                python,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--constraint",
                constraints,
                wheel(),
            ],
            check=True,
        )
        check(environment / "bin" / "wholedoc", Path(folder) / "home")
    print("the wheel is installed, says what the browser app needs, and answers")


if __name__ == "__main__":
    try:
        main()
    except InstallError as error:
        sys.exit(str(error))
