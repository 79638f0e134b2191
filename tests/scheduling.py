"""Which tests stay together where several processes run them, and which of them begin."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

# Folders whose files share a server in a process of its own. One process runs them all, so that there is one.
TOGETHER = ("tests/hostile/",)
# What takes longest, the longest first. What is begun last leaves the other processes with nothing to do, and xdist
# itself would begin with the files of most tests, which are the quickest.
FIRST = (
    "tests/app/cluster/test_cluster.py",
    "tests/ui/interface/test_browser.py",
    "tests/ui/interface/test_browser_viewer.py",
    "tests/ui/interface/test_browser_models.py",
    "tests/ui/interface/test_browser_conversations.py",
    "tests/ui/interface/test_browser_access.py",
    "tests/ui/interface/test_browser_shelf.py",
    "tests/ui/interface/test_browser_attacks.py",
    "tests/ui/interface/test_browser_everywhere.py",
    "tests/ui/interface/test_browser_first_page.py",
    "tests/ui/interface/test_browser_folders.py",
    "tests/ui/interface/test_browser_cluster.py",  # not beside the other one that starts Ray
    "tests/hostile/",
    "tests/test_containerfile.py",
    "tests/app/server/",
    "tests/app/documents/",
    "tests/benchmarks/",
    "tests/app/",
)


def place(nodeid: str) -> int:
    """Where a test stands in the order of all: the lower, the earlier."""
    return next((index for index, path in enumerate(FIRST) if nodeid.startswith(path)), len(FIRST))


def together(nodeid: str) -> str:
    """The name of what stays together: a folder of `TOGETHER`, or the test's file."""
    return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid.partition("::")[0])


class Scheduling(LoadFileScheduling):
    """Gives each process one file after another, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)
