"""What wholedoc installs has licences that ask for little, and another one is named."""

from __future__ import annotations

from email.message import Message

import pytest
from tools import licences


def _metadata(*headers: tuple[str, str]) -> Message:
    message = Message()
    for name, value in headers:
        message[name] = value
    return message


def test_the_dependencies_and_theirs_are_found() -> None:
    found = licences.installed()
    assert {"torch", "lxml", "gradio", "soupsieve"} <= found.keys()
    assert "pytest" not in found


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ([("License-Expression", "MPL-2.0 AND (Apache-2.0 OR MIT)")], True),
        ([("License-Expression", "GPL-3.0-or-later")], False),
        ([("License-Expression", "MIT AND AGPL-3.0-only")], False),
        ([("License-Expression", "MPL-1.1 OR GPL-2.0-only OR LGPL-2.1-or-later")], True),
        ([("License-Expression", "MIT AND (AGPL-3.0-only OR (GPL-2.0-only AND MIT))")], False),
        ([("License-Expression", "Apache-2.0 WITH LLVM-exception")], True),
        ([("Classifier", "License :: OSI Approved :: BSD License"), ("License", "see the file")], True),
        ([("Classifier", "License :: OSI Approved :: GNU General Public License v3 (GPLv3)")], False),
        ([("License", "MIT License\n\nCopyright (c) somebody")], True),
        ([("License", "Proprietary")], False),
        ([], False),
    ],
)
def test_licences_are_known_however_they_are_stated(headers: list[tuple[str, str]], allowed: bool) -> None:
    assert licences.is_allowed(licences.licence(_metadata(*headers))) is allowed


def test_a_licence_that_is_not_allowed_is_refused_by_the_packages_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(licences, "installed", lambda: {"good": "MIT", "bad": "GPL-3.0-only", "nvidia-x": "own"})
    with pytest.raises(SystemExit, match="bad"):
        licences.main()
