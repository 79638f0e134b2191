"""`wholedoc watch` as a person uses it."""

from __future__ import annotations

from pathlib import Path

from ..conftest import Command


def test_folders_are_read_listed_and_forgotten(wholedoc: Command, tiny_model: Path, tmp_path: Path) -> None:
    root = tmp_path / "letters"
    root.mkdir()
    model = ("--model", tiny_model, "--chunk-tokens", 256)
    (root / "a.txt").write_text("The bridge opens at ten. " * 40)
    (root / "b.txt").symlink_to("/etc/hostname")
    code, out, err = wholedoc("watch", root, "--once", *map(str, model))
    assert code == 0, err
    assert sorted(out.splitlines()) == ["read: a.txt", "skipped: b.txt (links are not followed)"]
    assert wholedoc("watch", "--list")[1].splitlines() == [f"{root}: 1 of 1 files read"]
    (root / "a.txt").unlink()
    code, out, _ = wholedoc("watch", "--once", *map(str, model))  # it knows which
    assert out.startswith("gone: a.txt (its document stays: `wholedoc remove ")
    assert "a.txt: 1 page" in wholedoc("list")[1]
    assert wholedoc("watch", "--forget", root)[1] == f"{root} is no longer watched\n"
    code, _, err = wholedoc("watch")
    assert code == 2
    assert "no folder is watched yet" in err


def test_what_is_no_folder_is_refused(wholedoc: Command, tmp_path: Path) -> None:
    for arguments in ((tmp_path / "none",), (Path(__file__),), ("--forget",)):
        code, _, err = wholedoc("watch", *arguments)
        assert code == 2
        assert "Traceback" not in err
