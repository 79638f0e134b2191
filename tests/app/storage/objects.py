"""What is in an object store."""

from __future__ import annotations

from wholedoc.storage.remote.bucket import Bucket


def objects(address: str) -> dict[str, int]:
    """The names of all objects, and their bytes."""
    return Bucket(address).names()
