"""Objects in an S3-compatible store, through fsspec: whole or not there, by their names."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from ...errors import StoreError


class Bucket:
    """The objects below an address, as `s3://bucket/prefix`. Nothing is connected to before the first use.

    All methods raise StoreError if the store cannot be reached or refuses.
    """

    def __init__(self, address: str) -> None:
        self.address = address

    def put(self, objects: Mapping[str, bytes]) -> None:
        """Write objects beside each other. Each appears whole, in place of one that was there."""
        with self._told():
            system, root = self._opened
            system.pipe({f"{root}/{name}": content for name, content in objects.items()})

    def get(self, name: str) -> bytes | None:
        """Return an object, or None if there is none of this name."""
        with self._told():
            system, root = self._opened
            try:
                return bytes(system.cat_file(f"{root}/{name}"))
            except FileNotFoundError:
                return None

    def remove(self, name: str) -> None:
        """Delete an object. Nothing happens if there is none of this name."""
        with self._told():
            system, root = self._opened
            try:
                system.rm_file(f"{root}/{name}")
            except FileNotFoundError:
                return

    def size(self, name: str) -> int | None:
        """Return an object's bytes, or None if there is none of this name."""
        with self._told():
            system, root = self._opened
            try:
                return int(system.info(f"{root}/{name}")["size"])
            except FileNotFoundError:
                return None

    def names(self, under: str = "", older_than_s: float = 0.0) -> dict[str, int]:
        """Return the names of all objects that were written so many seconds ago, with their bytes.

        Those alone whose names begin with `under`, which ends with a slash.
        """
        limit = time.time() - older_than_s
        with self._told():
            system, root = self._opened
            found = system.find(f"{root}/{under}".rstrip("/"), detail=True)
            return {
                path.removeprefix(f"{root}/"): int(one["size"])
                for path, one in found.items()
                if _written(one) <= limit or not older_than_s
            }

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        """The file system, and the path in it that the address stands for."""
        from fsspec.core import url_to_fs

        # Others write at the same time, so that no listing may be remembered.
        system, root = url_to_fs(self.address, use_listings_cache=False)
        return system, str(root).rstrip("/")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except ImportError as error:
            raise StoreError(
                f'{self.address} needs what is not installed ({error.name}): pip install "wholedoc[s3]"'
            ) from error
        except Exception as error:  # each client has errors of its own
            raise StoreError(
                f"the object store {self.address} does not do what it is asked ({type(error).__name__}: {error}): "
                "check the address, the network, and the credentials; what was kept so far stays"
            ) from error


def _written(found: Mapping[str, Any]) -> float:
    """Return when an object was written, in seconds since 1970; now if the store does not say."""
    moment = found.get("LastModified")
    return moment.timestamp() if moment is not None else time.time()
