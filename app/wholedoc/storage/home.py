"""Where the library and the models live on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

VARIABLE = "WHOLEDOC_HOME"


def home() -> Path:
    """Return `$WHOLEDOC_HOME`, or the platform's user cache folder. The folder is not created here."""
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else Path(platformdirs.user_cache_dir("wholedoc"))
