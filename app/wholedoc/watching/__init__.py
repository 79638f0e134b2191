"""Folders that are watched: what is new in them is read in the background, and what is gone is said.

May import the library and everything below it. watchfiles is imported when a folder is watched.
"""

from .events import Happened, Outcome
from .limits import WatchLimits
from .watcher import FolderWatcher, prepared

__all__ = ["FolderWatcher", "Happened", "Outcome", "WatchLimits", "prepared"]
