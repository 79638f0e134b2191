"""Runs inside the child process that handles an untrusted file: sets limits, does the work, writes one answer."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import sys
from collections.abc import Callable, Iterator
from typing import NoReturn, Protocol

EXIT_OUT_OF_MEMORY = 71
_GRACE_SECONDS = 5


class ProcessLimits(Protocol):
    """The limits of a child process: wall-clock seconds, bytes of address space, and bytes of its answer."""

    @property
    def seconds(self) -> float: ...
    @property
    def memory_bytes(self) -> int: ...
    @property
    def result_bytes(self) -> int: ...


def serve(limits: ProcessLimits, answer: Callable[[], bytes]) -> NoReturn:
    """Does the work within the limits, writes its answer to standard output, and ends this process."""
    limit_this_process(limits)
    logging.disable(logging.CRITICAL)  # pypdf logs each oddity; a hostile file has millions
    try:
        sys.stdout.buffer.write(answer())
        sys.stdout.buffer.flush()
    except MemoryError:
        os._exit(EXIT_OUT_OF_MEMORY)
    # Freeing the parsed file object by object takes time and can fail. The system frees everything at once.
    os._exit(0)


def serve_lines(limits: ProcessLimits, answers: Callable[[], Iterator[bytes]]) -> NoReturn:
    """Does the work within the limits, writes each line of its answer when it has it, and ends this process."""
    limit_this_process(limits)
    try:
        for line in answers():
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
    except MemoryError:
        os._exit(EXIT_OUT_OF_MEMORY)
    os._exit(0)


def limit_this_process(limits: ProcessLimits) -> None:
    """Limits memory, processor time, written files and core dumps, as far as the system can."""
    try:
        import resource
    except ImportError:
        return
    seconds = math.ceil(limits.seconds)
    for kind, soft, hard in (
        (resource.RLIMIT_AS, limits.memory_bytes, limits.memory_bytes),
        # The parent watches the clock. This limit ends a worker whose parent has died.
        (resource.RLIMIT_CPU, seconds + _GRACE_SECONDS, seconds + 2 * _GRACE_SECONDS),
        (resource.RLIMIT_FSIZE, limits.result_bytes, limits.result_bytes),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        ceiling = resource.getrlimit(kind)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some of them
            resource.setrlimit(kind, (soft, hard))
