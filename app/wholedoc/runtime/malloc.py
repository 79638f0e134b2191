"""How much freed memory malloc keeps.

GNU's malloc gives threads arenas of their own, eight for each core, and keeps much of what was freed in each: where
many threads have answered a question each, gigabytes. The threads here take turns at the model, so that two arenas
serve them as well (docs/benchmarks.md).
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

# The user has decided how many there are.
CHOSEN_BY_USER = ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")
ARENAS = 2
_M_ARENA_MAX = -8


def limit_arenas() -> None:
    """Let this process have few arenas, unless the user has chosen. Call it before threads are started.

    As a library, wholedoc never does: malloc belongs to the program that imports it. It has no effect where malloc
    is not GNU's.
    """
    if any(name in os.environ for name in CHOSEN_BY_USER):
        return
    with suppress(OSError, AttributeError):  # there is no such function
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
