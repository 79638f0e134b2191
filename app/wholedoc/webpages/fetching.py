"""Fetching one web page: a request, its redirects, and nothing that the page asks for."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version

import httpcore
import httpx

from ..errors import PageError
from .connecting import CheckedBackend
from .limits import PageLimits

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_LONGEST_ADDRESS = 4000
_PACKED = 47  # zlib: gzip or zlib, by what the data says


@dataclass(frozen=True)
class FetchedPage:
    """What an address gave: the address in the end, its media type ("text/html"), and its bytes."""

    address: str
    media_type: str
    data: bytes


def fetch(address: str, limits: PageLimits) -> FetchedPage:
    """Fetch a page. Raises PageError.

    Cookies, passwords and proxies are not used, and no other address is sent.
    """
    deadline = time.monotonic() + limits.seconds
    backend = CheckedBackend(deadline, private=limits.private)
    url = checked(address)
    with httpcore.ConnectionPool(httpx.create_ssl_context(), network_backend=backend) as pool:
        for _ in range(limits.redirects + 1):
            try:
                answer = _request(pool, url, limits)
            except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
                raise _unreachable(url, error, limits) from error
            if isinstance(answer, FetchedPage):
                return answer
            url = _redirected(url, answer)
    raise PageError(f"{address} leads from one address to the next, more than {limits.redirects} times.")


def checked(address: str) -> httpx.URL:
    """Return an address as a URL. Raises PageError if no page can be fetched from it."""
    try:
        url = httpx.URL(address.strip())
    except (httpx.InvalidURL, ValueError) as error:
        raise PageError(f"{address:.200} is no address of a page ({error}).") from error
    if url.scheme not in _PORTS or not url.host or len(address) > _LONGEST_ADDRESS:
        raise PageError(f"{address:.200} is no address of a page: it begins with https:// or http://.")
    if url.userinfo:
        raise PageError(f"{url.host}: an address with a password is not fetched, as it would be kept.")
    return url.copy_with(fragment=None)


def _request(pool: httpcore.ConnectionPool, url: httpx.URL, limits: PageLimits) -> FetchedPage | str:
    """Return the page, or where it leads on to."""
    headers: dict[bytes | str, bytes | str] = {
        "Host": url.netloc.decode("ascii"),
        "User-Agent": f"wholedoc/{version('wholedoc')}",
        "Accept": "text/html,application/xhtml+xml,application/pdf,text/plain;q=0.9,*/*;q=0.5",
        "Accept-Encoding": "gzip",
        "Connection": "close",
    }
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    with pool.stream("GET", target, headers=list(headers.items())) as response:
        given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        if response.status in _REDIRECTS and "location" in given:
            return given["location"]
        if response.status != 200:
            raise PageError(f"{url} answers with {response.status}: open it in a browser to see why.")
        data = _body(response.iter_stream(), given.get("content-encoding", "").strip().lower(), url, limits)
    return FetchedPage(str(url), given.get("content-type", "").partition(";")[0].strip().lower(), data)


def _body(pieces: Iterable[bytes], encoding: str, url: httpx.URL, limits: PageLimits) -> bytes:
    if encoding not in ("", "identity", "gzip", "deflate"):
        raise PageError(f"{url} comes packed in a way that was not asked for ({encoding:.40}).")
    unpacking = zlib.decompressobj(_PACKED) if encoding in ("gzip", "deflate") else None
    body = bytearray()
    arrived = 0
    try:
        for piece in pieces:
            arrived += len(piece)
            room = limits.size - len(body) + 1
            body += piece if unpacking is None else unpacking.decompress(piece, room)
            if max(arrived, len(body)) > limits.size or (unpacking is not None and unpacking.unconsumed_tail):
                raise PageError(f"{url} has more than {limits.size / 1e6:,.0f} MB, the most that is fetched.")
    except zlib.error as error:
        raise PageError(f"{url} arrived damaged: try again.") from error
    if not body:
        raise PageError(f"{url} is empty.")
    return bytes(body)


def _redirected(url: httpx.URL, location: str) -> httpx.URL:
    try:
        found = checked(str(url.join(location)))
    except httpx.InvalidURL as error:
        raise PageError(f"{url} leads to {location:.200}, which is no address.") from error
    if url.scheme == "https" and found.scheme == "http":
        raise PageError(f"{url} leads to {found}, which is not encrypted: fetch that one if you want it.")
    return found


def _unreachable(url: httpx.URL, error: Exception, limits: PageLimits) -> PageError:
    if isinstance(error, httpcore.TimeoutException):
        return PageError(f"{url} took more than {limits.seconds:.0f} s to answer: try again later.")
    return PageError(f"{url} cannot be fetched ({error or type(error).__name__}): check the address.")
