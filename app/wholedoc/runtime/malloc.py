"""How much freed memory malloc keeps.

GNU's malloc gives threads arenas of their own, eight for each core, and keeps much of what was freed in each: where
many threads have answered a question each, gigabytes. The threads here take turns at the model, so that two arenas
serve them as well (docs/benchmarks.md).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from contextlib import suppress

# The user has decided how many there are.
CHOSEN_BY_USER = ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")
ARENAS = 2
_M_ARENA_MAX = -8


def few_arenas(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a process which is yet to start lacks to have few: none if the user has chosen."""
    return {} if any(name in environment for name in CHOSEN_BY_USER) else {"MALLOC_ARENA_MAX": str(ARENAS)}


def limit_arenas() -> None:
    """Let this process have few arenas, unless the user has chosen. Call it before threads are started.

    As a library, wholedoc never does: malloc belongs to the program that imports it. It has no effect where malloc
    is not GNU's.
    """
    if not few_arenas(os.environ):
        return
    with suppress(OSError, AttributeError):  # there is no such function
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
