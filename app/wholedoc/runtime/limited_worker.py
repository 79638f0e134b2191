"""Runs inside the child process that handles an untrusted file: sets limits, does the work, writes one answer."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import NoReturn, Protocol

EXIT_OUT_OF_MEMORY = 71
_GRACE_SECONDS = 5
# A process that answers many requests may use the limits' processor time so many times in its life.
_LIFE = 50


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


def serve_requests(limits: ProcessLimits, answer: Callable[[bytes], bytes]) -> NoReturn:
    """Answers each line of standard input with 8 bytes that say how long the answer is, and the answer.

    Each answer may take the processor time that the limits allow, and all together _LIFE times as much.
    """
    limit_this_process(limits, life=_LIFE)
    logging.disable(logging.CRITICAL)
    output = sys.stdout.buffer
    try:
        for line in sys.stdin.buffer:
            if time.process_time() > _LIFE * limits.seconds / 2:
                break  # the parent starts another one
            _limit_processor_time(limits)
            made = answer(line)
            output.write(len(made).to_bytes(8, "big") + made)
            output.flush()
    except MemoryError:
        os._exit(EXIT_OUT_OF_MEMORY)
    except BrokenPipeError:
        pass  # nobody listens any more
    os._exit(0)


def _limit_processor_time(limits: ProcessLimits) -> None:
    """Lets the next answer take the processor time that the limits allow."""
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = math.ceil(time.process_time() + limits.seconds) + _GRACE_SECONDS
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def limit_this_process(limits: ProcessLimits, life: int = 1) -> None:
    """Limits memory, processor time, written files and core dumps, as far as the system can.

    The process may take the limits' processor time `life` times.
    """
    try:
        import resource
    except ImportError:
        return
    seconds = math.ceil(limits.seconds)
    for kind, soft, hard in (
        (resource.RLIMIT_AS, limits.memory_bytes, limits.memory_bytes),
        # The parent watches the clock. This limit ends a worker whose parent has died.
        (resource.RLIMIT_CPU, seconds + _GRACE_SECONDS, life * seconds + 2 * _GRACE_SECONDS),
        (resource.RLIMIT_FSIZE, limits.result_bytes, limits.result_bytes),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        ceiling = resource.getrlimit(kind)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some of them
            resource.setrlimit(kind, (soft, hard))
