"""Start a command once per rank on this machine, as `torchrun` does, and show only rank 0's output."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta

import torch.distributed as dist

# Seconds that ranks may take to end after one of them has failed, and seconds between two checks.
GRACE_S = 20.0
POLL_S = 0.05


def launch(command: Sequence[str], ranks: int, grace_s: float = GRACE_S) -> int:
    """Run `command` in `ranks` processes that can `join` one group; return rank 0's exit code.

    What the other ranks print is not shown; rank 0 says why another one stopped. Once a rank has failed, the others
    have `grace_s` seconds to end before they are killed.
    """
    # A store in this process outlives every rank, and its port is known without a guess.
    store = dist.TCPStore(  # type: ignore[attr-defined]
        "127.0.0.1", 0, is_master=True, wait_for_workers=False, timeout=timedelta(seconds=60)
    )
    processes = [_start(command, rank, ranks, store.port) for rank in range(ranks)]
    try:
        _wait(processes, grace_s)
    except KeyboardInterrupt:  # the terminal has sent it to the ranks too
        _wait(processes, grace_s)
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
    code = processes[0].wait()
    return code if code >= 0 else 128 - code


def _start(command: Sequence[str], rank: int, ranks: int, port: int) -> subprocess.Popen[bytes]:
    quiet = None if rank == 0 else subprocess.DEVNULL
    environment = _environment(os.environ, rank, ranks, port)
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=quiet, stderr=quiet)


def _environment(known: Mapping[str, str], rank: int, ranks: int, port: int) -> dict[str, str]:
    threads = max(1, (os.cpu_count() or 1) // ranks)
    return {
        "OMP_NUM_THREADS": str(threads),  # unless the caller has set it
        **known,
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(ranks),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",  # the store is held here, by no rank
    }


def _wait(processes: Sequence[subprocess.Popen[bytes]], grace_s: float) -> None:
    """Wait until all processes have ended, or `grace_s` seconds after one has failed."""
    limit = float("inf")
    while any(process.poll() is None for process in processes) and time.monotonic() < limit:
        if limit == float("inf") and any(process.poll() for process in processes):
            limit = time.monotonic() + grace_s
        time.sleep(POLL_S)
