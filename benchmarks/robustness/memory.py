"""The memory of a process on Linux: what it has now, and the most that it had during a block."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


@dataclass(frozen=True)
class Memory:
    """Bytes of a process's memory: `anonymous` is its own, `mapped` belongs to files and can be had again."""

    anonymous: int
    mapped: int
    peak: int

    @property
    def resident(self) -> int:
        return self.anonymous + self.mapped


class Part(Enum):
    """What memory is for."""

    OWN = "the process's own"
    KV = "stored KV, mapped from the library's files"
    MODELS = "weights, mapped from the models' files"
    PROGRAM = "programs and libraries"


@dataclass
class Growth:
    """By how many bytes a process's memory grew during a block: at the most, and at its end."""

    peak: int = 0
    after: int = 0


def memory(process: int) -> Memory:
    """Return what a process has now, and the most since it started or since `growth` began. Raises OSError."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    found = {name: value.split()[0] for name, _, value in (line.partition(":") for line in lines) if value.strip()}
    anonymous, mapped, peak = (int(found[name]) * 1024 for name in ("RssAnon", "RssFile", "VmHWM"))
    return Memory(anonymous, mapped + int(found["RssShmem"]) * 1024, peak)


# The first line of a mapping in /proc/PID/smaps. How much of it is resident follows.
_MAPPING = re.compile(r"^[0-9a-f]+-[0-9a-f]+ \S{4} \S+ \S+ \S+ *(?P<path>.*)$")


def parts(process: int) -> dict[Part, int]:
    """Return the resident bytes of a process by what they are for. Raises OSError."""
    found: Counter[Part] = Counter(dict.fromkeys(Part, 0))
    path = ""
    for line in Path(f"/proc/{process}/smaps").read_text(encoding="utf-8", errors="replace").splitlines():
        if mapping := _MAPPING.match(line):
            path = mapping["path"]
        elif line.startswith("Rss:"):
            found[_part(path)] += int(line.split()[1]) * 1024
    return dict(found)


def _part(path: str) -> Part:
    if not path.startswith("/"):
        return Part.OWN
    if "/kv/" in path:
        return Part.KV
    return Part.MODELS if path.endswith((".safetensors", ".gguf")) else Part.PROGRAM


@contextmanager
def growth(process: int) -> Iterator[Growth]:
    """Measure the block. Mapped files count in the peak, and only the process's own memory in what is left."""
    Path(f"/proc/{process}/clear_refs").write_text("5", encoding="utf-8")  # forgets the peak
    before = memory(process)
    grown = Growth()
    try:
        yield grown
    finally:
        now = memory(process)
        grown.peak, grown.after = now.peak - before.resident, now.anonymous - before.anonymous
