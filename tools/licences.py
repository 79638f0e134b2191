"""The licences of what wholedoc installs: `python -m tools.licences` lists them, and fails for one not allowed.

Allowed is what asks for no more than a notice, or for the source of changes to the same files (MPL).
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from email.message import Message
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import cast

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
ALLOWED = frozenset(
    [
        "0BSD",
        "AFL-2.1",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "CC0-1.0",
        "CNRI-Python",
        "ISC",
        "LLVM-exception",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "MPL-1.1",
        "MPL-2.0",
        "PSF-2.0",
        "Unlicense",
        "Zlib",
    ]
)
# Stands for what is in brackets, if that is allowed.
ALL_ALLOWED = "allowed"
# The names by which packages without an SPDX expression call the same licences.
NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Academic Free License (AFL)": "AFL-2.1",
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    # pypdfium2; the libraries in pdfium have licences of the same kind
    "BSD-3-Clause, Apache-2.0, dependency licenses": "BSD-3-Clause AND Apache-2.0",
}
# Packages whose metadata name no licence: what the file that comes with them says.
BY_THEIR_FILE = {"torchao": "BSD-3-Clause"}
# torch for CUDA brings NVIDIA's libraries, which are not free. Nothing here needs them.
_NOT_FREE = "nvidia-"


def licence(metadata: Message) -> str:
    """Return a package's licence as an SPDX expression where one is known, else as the package words it."""
    classifiers = metadata.get_all("Classifier") or []
    named = [entry.rpartition("::")[2].strip() for entry in classifiers if entry.startswith("License ::")]
    named = [name for name in named if name != "OSI Approved"]  # says nothing of which
    stated = (metadata.get("License") or "").strip().partition("\n")[0].strip()
    expression = metadata.get("License-Expression")
    return expression or " AND ".join(NAMES.get(name, name) for name in named or [stated])


def is_allowed(expression: str) -> bool:
    """Return whether what an expression asks for is allowed: all that AND joins, and one of what OR joins."""
    words = re.sub(r"\(([^()]*)\)", lambda inner: ALL_ALLOWED if is_allowed(inner[1]) else "refused", expression)
    if words != expression:
        return is_allowed(words)
    return any(
        all(name.strip() in ALLOWED or name.strip() == ALL_ALLOWED for name in re.split(r"\s+(?:AND|WITH)\s+", one))
        for one in re.split(r"\s+OR\s+", expression)
    )


def installed() -> dict[str, str]:
    """Return the licences of wholedoc's dependencies, and of theirs, by the package's name."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    waiting = list(_own_requirements())
    while waiting:
        requirement = waiting.pop()
        key = f"{canonicalize_name(requirement.name)}{sorted(requirement.extras)}"
        if key in seen:
            continue
        seen.add(key)
        try:
            package = distribution(requirement.name)
        except PackageNotFoundError:
            continue
        name = canonicalize_name(requirement.name)
        found[name] = licence(cast(Message, package.metadata)) or BY_THEIR_FILE.get(name, "")
        needed = (Requirement(text) for text in package.requires or [])
        waiting += [one for one in needed if _applies(one, requirement.extras)]
    return dict(sorted(found.items()))


def _own_requirements() -> Iterator[Requirement]:
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    for texts in (project["dependencies"], *project["optional-dependencies"].values()):
        yield from (one for one in map(Requirement, texts) if one.name != project["name"])


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    return requirement.marker is None or any(requirement.marker.evaluate({"extra": one}) for one in (*extras, ""))


def main() -> None:
    """Print a line for each package; exit with the names of those whose licence is not allowed."""
    licences = installed()
    for name, expression in licences.items():
        print(f"{name:30} {expression}")
    refused = [name for name, text in licences.items() if not is_allowed(text) and not name.startswith(_NOT_FREE)]
    if refused:
        sys.exit(f"licences that are not allowed, or not known: {', '.join(refused)} (see tools/licences.py)")


if __name__ == "__main__":
    main()
