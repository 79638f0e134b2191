"""The steps of the Containerfile work in an empty folder: what is copied is enough to build and start it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8")
STEPS = [line.partition(" ") for line in TEXT.splitlines() if line.strip() and not line.startswith("#")]
# This changes the machine, so it is for a container alone.
FOR_ROOT = ("useradd",)


def values(instruction: str) -> list[str]:
    return [value for name, _, value in STEPS if name == instruction]


def test_it_is_short_and_runs_as_a_user_without_rights() -> None:
    assert len(TEXT.splitlines()) < 40
    assert values("USER") == ["reader"]
    assert [name for name, _, _ in STEPS].index("USER") > [name for name, _, _ in STEPS].index("RUN")
    assert not any("WHOLEDOC_KEY" in value for value in (*values("ENV"), *values("ARG"))), "a key would stay in it"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `bin` after all steps. The packages that this environment has stand for those of the index."""
    folder = tmp_path_factory.mktemp("container")
    environment, work = folder / "environment", folder / "work"
    work.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    packages = next((environment / "lib").glob("*/site-packages"))
    here = [path for path in sys.path if path.endswith("site-packages") or Path(path, "hatchling").is_dir()]
    (packages / "here.pth").write_text("\n".join([sysconfig.get_path("purelib"), *here]))
    pip = environment / "bin" / "pip"
    pip.write_text(f'#!/bin/sh\nexec "{environment}/bin/python" -m pip "$@"\n')
    pip.chmod(0o755)
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))},
        "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip takes this for "without isolation"
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    for name, _, value in STEPS:
        if name == "COPY":
            copy(value, work)
        elif name == "RUN" and not any(command in value for command in FOR_ROOT):
            done = subprocess.run(
                value, shell=True, cwd=work, env=variables, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
    return environment / "bin"


def copy(value: str, work: Path) -> None:
    *sources, target = shlex.split(value)
    if target.endswith("/") and target not in ("./", "/"):
        (work / target).mkdir(parents=True)  # as COPY does
    for source in sources:
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, work / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, work / target)


def run(built: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (entry,) = values("ENTRYPOINT")
    program, *first = json.loads(entry)
    command = [str(built / program), *first, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=built, check=False)


def test_what_is_copied_is_enough_for_the_program(built: Path) -> None:
    assert run(built, "--version").returncode == 0
    where = "import wholedoc, wholedoc_ui, parallelcomp; print(wholedoc.__file__)"
    shown = subprocess.run([built / "python", "-I", "-c", where], capture_output=True, text=True, check=True).stdout
    assert shown.startswith(str(built.parent)), "it is the one that the steps have installed"


def test_it_serves_nobody_without_a_key(built: Path) -> None:
    (command,) = values("CMD")
    arguments = json.loads(command)
    assert run(built, *arguments, "--help").returncode == 0
    refused = run(built, *arguments)
    assert refused.returncode == 2
    assert "--key" in refused.stderr
