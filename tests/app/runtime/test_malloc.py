"""Many threads take their memory from few arenas."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

# Says from how many heaps the memory of sixteen threads comes that work at once.
PROGRAM = """
import ctypes, threading
from wholedoc.runtime.malloc import limit_arenas
limit_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
together = threading.Barrier(16)
arenas = set()

def hold():
    held = [libc.malloc(100_000) for _ in range(10)]
    together.wait()
    arenas.add(held[0] >> 26)  # the heap of an arena begins at a multiple of 64 MB
    for one in held:
        libc.free(one)

threads = [threading.Thread(target=hold) for _ in range(16)]
for one in threads:
    one.start()
for one in threads:
    one.join()
print(len(arenas))
"""


def arenas(**environment: str) -> int:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**own, **environment}, capture_output=True, text=True, check=True
    )
    return int(ran.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the arenas are GNU's")
def test_threads_share_few_arenas_unless_the_user_has_chosen() -> None:
    assert arenas() <= 3  # heaps, of which an arena may have two
    assert arenas(MALLOC_ARENA_MAX="16") > 3


# Frees every other block, and says how many bytes the process then has, and how few it has some time later.
HOLES = """
import ctypes, time
from pathlib import Path
from wholedoc.runtime import malloc
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]

def own():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))

held = [libc.malloc(100_000) for _ in range(2_000)]
for one in held:
    libc.memset(one, 1, 100_000)
for one in held[::2]:
    libc.free(one)
before = own()
malloc.TRIMMED_EVERY_S = 0.01
malloc.give_back_regularly()
until = time.monotonic() + 60
while own() > before - 80_000_000 and time.monotonic() < until:
    time.sleep(0.01)
print(before - own())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only GNU's malloc can be told")
def test_what_was_freed_between_blocks_in_use_is_given_back() -> None:
    ran = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True)
    assert int(ran.stdout) >= 80_000_000
