"""How torch's threads wait for each other.

torch's CPU kernels run in OpenMP's threads. One that has done its part spins until the others have done theirs, and
where another program holds a core, that is the core on which they would have gone on: beside one busy process,
reading becomes many times slower. Threads that wait asleep leave the core to them.

OpenMP reads its environment variables once, when torch is imported. So a program calls `wait_asleep` before that,
as the command line does. wholedoc as a library never does: the environment belongs to the program that imports it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

# Any of these means that the user has decided how threads wait: GNU's OpenMP reads the first two, Intel's and
# LLVM's the last two.
CHOSEN_BY_USER = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "KMP_BLOCKTIME")
# How often a waiting thread looks before it goes to sleep; GNU's default is 300,000. See docs/benchmarks.md.
SPINS = 5000


def waiting_asleep(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a process of this environment lacks to wait asleep: none if the user has chosen."""
    return {} if any(name in environment for name in CHOSEN_BY_USER) else {"GOMP_SPINCOUNT": str(SPINS)}


def wait_asleep() -> None:
    """Let the threads of this process and of those that it starts wait asleep, unless the user has chosen.

    It has no effect on this process if torch was imported before.
    """
    os.environ.update(waiting_asleep(os.environ))
