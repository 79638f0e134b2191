"""One request, within limits, and to no address but those that everybody can reach."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from wholedoc.errors import PageError
from wholedoc.webpages.addresses import is_public
from wholedoc.webpages.fetching import fetch
from wholedoc.webpages.limits import PageLimits

from .site import Site, running

HERE = PageLimits(private=True, seconds=5)


@pytest.fixture
def site() -> Iterator[Site]:
    with running() as site:
        yield site


def leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name have these addresses. Returns the names that are asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def found(host: str, port: int, *more: int, **options: int) -> list[Any]:
        if host[0].isdigit():
            return real(host, port, *more, **options)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr("wholedoc.webpages.addresses.socket.getaddrinfo", found)
    return asked


def test_a_page_is_one_request_with_nothing_that_identifies_anybody(site: Site) -> None:
    site.page("/a?b=1", b"<p>text<img src=/picture>", "text/html; charset=utf-8")
    page = fetch(site.url("/a?b=1#part"), HERE)
    assert (page.address, page.media_type, page.data) == (
        site.url("/a?b=1"),
        "text/html",
        b"<p>text<img src=/picture>",
    )
    ((path, headers),) = site.requests
    assert path == "/a?b=1"
    assert not {"Cookie", "Referer", "Authorization"} & headers.keys()


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1"),
        *("64:ff9b::a00:1", "2002:a00:1::1", "240.0.0.1", "198.18.0.1", "192.0.2.1"),
    ],
)
def test_what_not_everybody_can_reach_is_no_public_address(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_public_addresses_are_known(address: str) -> None:
    assert is_public(address)


def test_an_inner_address_is_refused_before_anything_is_sent(site: Site) -> None:
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(PageError, match="--private-pages"):
            fetch(site.url("/", host), PageLimits())
    assert site.requests == []


def test_one_inner_address_among_public_ones_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    leads_to(monkeypatch, "93.184.216.34", "127.0.0.1")
    with pytest.raises(PageError, match="public"):
        fetch(site.url("/", "example.org"), PageLimits())
    assert site.requests == []


def test_the_address_that_was_checked_is_the_one_that_is_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is looked up once, and sent as the host."""
    site.page("/", b"here")
    asked = leads_to(monkeypatch, "127.0.0.1")
    assert fetch(site.url("/", "example.org"), HERE).data == b"here"
    assert asked == ["example.org"]
    assert site.requests[0][1]["Host"] == f"example.org:{site.port}"


def test_redirects_are_followed_checked_and_counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.page("/a", b"", status=302, Location="/b")
    site.page("/b", b"", status=301, Location=site.url("/c"))
    site.page("/c", b"found")
    assert fetch(site.url("/a"), HERE).address == site.url("/c")
    site.page("/c", b"", status=307, Location="/a")
    with pytest.raises(PageError, match="more than 5 times"):
        fetch(site.url("/a"), HERE)
    assert len(site.requests) == 3 + 6


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://a:b@127.0.0.1/", "http://"])
def test_a_redirect_to_what_is_no_page_is_refused(site: Site, location: str) -> None:
    site.page("/a", b"", status=302, Location=location)
    with pytest.raises(PageError):
        fetch(site.url("/a"), HERE)


def test_a_redirect_to_an_inner_address_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first address passes here as public ones do; the second is checked like it."""
    monkeypatch.setattr("wholedoc.webpages.addresses.is_public", lambda address: address == "127.0.0.1")
    site.page("/a", b"", status=302, Location="http://169.254.169.254/latest/meta-data")
    with pytest.raises(PageError, match=r"169\.254\.169\.254"):
        fetch(site.url("/a"), PageLimits(seconds=5))


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "https://", "https://a:b@example.org/", "javascript:1", "x" * 9]
)
def test_what_is_no_address_of_a_page_is_refused(address: str) -> None:
    with pytest.raises(PageError):
        fetch(address, HERE)


def test_a_page_that_is_not_there_says_its_status(site: Site) -> None:
    site.page("/a", b"gone", status=404)
    with pytest.raises(PageError, match="404"):
        fetch(site.url("/a"), HERE)


def test_the_size_is_limited_also_unpacked(site: Site) -> None:
    limits = PageLimits(private=True, size=1000)
    site.page("/a", b"x" * 1001)
    site.page("/b", gzip.compress(b"x" * 50_000_000), Content_Encoding="gzip")
    site.page("/c", gzip.compress(b"x" * 1000), Content_Encoding="gzip")
    site.page("/d", b"no gzip", Content_Encoding="gzip")
    site.page("/e", b"x", Content_Encoding="br")
    for path in "ab":
        with pytest.raises(PageError, match="the most that is fetched"):
            fetch(site.url(f"/{path}"), limits)
    assert fetch(site.url("/c"), limits).data == b"x" * 1000
    for path in "de":
        with pytest.raises(PageError):
            fetch(site.url(f"/{path}"), limits)


@pytest.mark.parametrize(
    "begin", [b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: "]
)
def test_a_page_that_drips_is_given_up_in_time(site: Site, begin: bytes) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(begin)
        for _ in range(100):
            try:
                handler.wfile.write(b"x")
            except OSError:
                return
            time.sleep(0.05)

    site.answers["/a"] = drip
    started = time.monotonic()
    with pytest.raises(PageError, match="took more than"):
        fetch(site.url("/a"), PageLimits(private=True, seconds=0.5))
    assert time.monotonic() - started < 3


def test_nobody_there_is_said() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(PageError, match="cannot be fetched"):
        fetch(f"http://127.0.0.1:{port}/", HERE)


def test_a_proxy_of_the_environment_is_not_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would fetch from wherever it likes."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    site.page("/a", b"here")
    assert fetch(site.url("/a"), HERE).data == b"here"
