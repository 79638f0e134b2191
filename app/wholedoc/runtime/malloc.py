"""How much freed memory malloc keeps.

GNU's malloc gives threads arenas of their own, eight for each core, and keeps much of what was freed in each: where
many threads have answered a question each, gigabytes. The threads here take turns at the model, so that two arenas
serve them as well. What was freed between blocks that are in use stays all the same, and adds up while a server
works for hours; only `malloc_trim` gives it back (docs/benchmarks.md).
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

# The user has decided how many there are.
CHOSEN_BY_USER = ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")
ARENAS = 2
_M_ARENA_MAX = -8
# Seconds between two times that freed memory is given back.
TRIMMED_EVERY_S = 30.0


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


def give_back_regularly() -> None:
    """Give freed memory back to the system from now on, every `TRIMMED_EVERY_S` seconds, in a thread of its own.

    It is for processes that stay. It has no effect where malloc is not GNU's.
    """
    with suppress(OSError, AttributeError):  # there is no such function
        trim = ctypes.CDLL(None).malloc_trim
        threading.Thread(target=_trim_regularly, args=(trim,), name="malloc", daemon=True).start()


def _trim_regularly(trim: Callable[[int], int]) -> None:
    while True:
        time.sleep(TRIMMED_EVERY_S)
        trim(0)
