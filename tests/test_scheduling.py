"""Which tests stay together, and which begin."""

from __future__ import annotations

from pathlib import Path

from .scheduling import FIRST, TOGETHER, place, together

ROOT = Path(__file__).parents[1]


def test_what_is_named_is_there() -> None:
    """A file that was renamed would come last, and nobody would notice but by the clock."""
    assert [path for path in (*FIRST, *TOGETHER) if not (ROOT / path).exists()] == []
    assert len(set(FIRST)) == len(FIRST)


def test_long_files_come_before_what_holds_them() -> None:
    assert place("tests/app/cluster/test_cluster.py::test_a") == 0
    assert place("tests/app/server/test_chat.py::test_a") < place("tests/app/test_cli.py::test_a")
    assert place("tests/engine/test_config.py::test_a[b/c]") == len(FIRST)


def test_a_file_stays_together_and_so_does_a_folder_with_one_server() -> None:
    assert together("tests/app/test_cli.py::test_a[x::y]") == "tests/app/test_cli.py"
    assert together("tests/hostile/test_ids.py::test_a") == together(
        "tests/hostile/files/test_made_files.py::test_b"
    )
