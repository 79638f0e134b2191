"""The object store that a library uses, if any: by the environment, the same for all programs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ...errors import StoreError

VARIABLE, CACHE_VARIABLE, CACHE_GB_VARIABLE = "WHOLEDOC_STORE", "WHOLEDOC_STORE_CACHE", "WHOLEDOC_STORE_CACHE_GB"
CACHE_GB = 100.0


@dataclass(frozen=True)
class RemotePlace:
    """An object store by its address, as `s3://bucket/prefix`, and the cache of it on this machine's disk.

    The cache takes about `cache_bytes`.
    """

    address: str
    cache: Path
    cache_bytes: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> RemotePlace | None:
        """Return the place that the environment names, None if it names none. Raises StoreError."""
        given = os.environ if environment is None else environment
        address = given.get(VARIABLE, "").rstrip("/")
        if not address:
            return None
        protocol, mark, path = address.partition("://")
        if not (protocol and mark and path):
            raise StoreError(
                f"{VARIABLE}={address} is no address of an object store: write it as s3://bucket/prefix"
            )
        text = given.get(CACHE_GB_VARIABLE, "") or str(CACHE_GB)
        try:
            gigabytes = float(text)
        except ValueError:
            gigabytes = 0.0
        if not 0 < gigabytes < float("inf"):
            raise StoreError(f"{CACHE_GB_VARIABLE}={text} is no size in GB, for example 100")
        cache = given.get(CACHE_VARIABLE, "")
        folder = Path(cache).expanduser() if cache else Path(platformdirs.user_cache_dir("wholedoc-chunks"))
        return cls(address, folder, int(gigabytes * 1e9))
