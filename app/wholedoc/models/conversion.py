"""Converting a GGUF file in a child process, with progress."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from ..errors import ModelError
from ..runtime.openmp import waiting_asleep
from .preparing import Cancel, PreparingStoppedError, Progress, Progressing, Step

EXACT, COMPACT = "float32", "bfloat16"


def convert(
    path: Path,
    target: Path,
    name: str,
    unpacked: str,
    progress: Progress,
    cancelled: Cancel = lambda: False,
) -> None:
    """Convert the GGUF file `path` to the new folder `target`, which transformers loads.

    Quantised weights are written in the number format `unpacked`. `name` is what people call the model. Raises
    ModelError, with the reason, if the file cannot be converted, and PreparingStoppedError once `cancelled` says
    so; then `target` holds nothing that can be used.
    """
    command = [sys.executable, "-m", "wholedoc.models.gguf_files.converter", str(path), str(target), unpacked]
    progressing: Progressing | None = None
    environment = {**os.environ, **waiting_asleep(os.environ)}
    piped = subprocess.PIPE
    with subprocess.Popen(command, stdout=piped, stderr=piped, text=True, env=environment) as child:
        watching = threading.Event()
        stopped = threading.Event()
        watcher = threading.Thread(target=_kill_if, args=(child, cancelled, watching, stopped), daemon=True)
        watcher.start()
        assert child.stdout is not None
        assert child.stderr is not None
        said: list[str] = []
        listener = threading.Thread(target=said.extend, args=(child.stderr,), daemon=True)
        listener.start()
        try:
            for line in child.stdout:
                done, total = (int(number) for number in line.split())
                progressing = progressing or Progressing(name, Step.CONVERTING, total, progress)
                progressing.tell(done)
        finally:
            watching.set()
            if sys.exc_info()[0] is not None:
                child.kill()
        code = child.wait()
        listener.join()
        watcher.join()
    if stopped.is_set():
        raise PreparingStoppedError(f"converting {name} was stopped; what was fetched is kept")
    if code != 0:
        unsaid = "it was killed, probably for want of memory" if code == -signal.SIGKILL else f"exit code {code}"
        reason = next((line.strip() for line in reversed(said) if line.strip()), unsaid)
        raise ModelError(f"cannot convert {name}: {reason}")


def _kill_if(
    child: subprocess.Popen[str], cancelled: Cancel, ended: threading.Event, stopped: threading.Event
) -> None:
    """Kill the child once `cancelled` says so, until it has ended."""
    while not ended.wait(0.1):
        if cancelled():
            stopped.set()
            child.kill()
            return
