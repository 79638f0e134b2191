"""Two documents that come along, to try the program with."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from .uploads import Uploads

# Where they are in the source tree. An installed package has them in a folder of its own.
_SOURCE = Path(__file__).parents[3] / "sample_docs"


@dataclass(frozen=True)
class Sample:
    """`file` is its file's name; `title` and `says` tell a person what it is."""

    file: str
    title: str
    says: str


SAMPLES = (
    Sample("short_notice.pdf", "A notice to yachts", "5 pages, read in seconds"),
    Sample("harbour_register.pdf", "The register of a harbour", "266 pages, read in minutes"),
)


def copied(file: str, uploads: Uploads) -> str:
    """Return the path of a copy of a sample, as if a person had dropped it. Raises KeyError if there is no such."""
    one = {sample.file: sample for sample in SAMPLES}[file]
    target = Path(tempfile.mkdtemp(dir=uploads.folder)) / one.file
    packaged = files(__package__) / "samples" / one.file
    if packaged.is_file():
        with as_file(packaged) as source:
            shutil.copyfile(source, target)
    else:
        shutil.copyfile(_SOURCE / one.file, target)
    return str(target)
