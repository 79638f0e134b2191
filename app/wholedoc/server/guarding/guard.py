"""The guard against foreign web pages, in front of everything that is served: the API and the pages beside it.

A browser lets a page of any site send requests to this machine, and a request may have its effect although the page
cannot read the answer. So requests count as the user's own only if the browser does not say otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from ..protocol.errors import ApiError

# A link from elsewhere may open these. Opening them changes nothing.
OPENED_BY_LINKS = ("/",)
# A page that was opened without a site: from a file, or in a sandbox. Any site can make one.
NOBODY = "null"


def add_guard(app: Starlette, hosts: Sequence[str], origins: Sequence[str] = ()) -> None:
    """Puts the guard in front of all middleware that `app` has so far.

    Requests may name these `hosts`; "*" is any. The web pages of these `origins` (as https://chat.example; "*" is
    all but those of no site) may use the server.
    """
    app.add_middleware(ForeignPagesMiddleware, allowed=origins)
    # A page that has its own host's name point at this machine (DNS rebinding) would be of the same origin.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))


class ForeignPagesMiddleware:
    """Refuses requests of web pages from other origins, unless their origin is allowed.

    Another port of this machine is another origin. `Origin` tells where a page is from, but browsers leave it out
    of many requests. `Sec-Fetch-Site` is in all of them, if the server is on this machine or has TLS.
    """

    def __init__(self, app: ASGIApp, allowed: Sequence[str] = ()) -> None:
        self.app = app
        self._allowed = frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._lets_in(scope, Headers(scope=scope)):
            error = ApiError(
                403,
                "web pages from elsewhere are not let in: start the server with --allow-origin for this one",
                "origin_not_allowed",
            )
            await error.response(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _lets_in(self, scope: Scope, headers: Headers) -> bool:
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        if origin is not None and origin != NOBODY and self._allowed & {origin, "*"}:
            return True
        if origin is not None and not _is_own(origin, headers.get("host", "")):
            return False
        return site in ("same-origin", "none") or _opens_a_page(scope, headers)


def _is_own(origin: str, host: str) -> bool:
    """Whether a page of this origin is from here. With TLS in front of the server, its pages are from https."""
    return origin.lower() in (f"http://{host}".lower(), f"https://{host}".lower())


def _opens_a_page(scope: Scope, headers: Headers) -> bool:
    """Whether a person followed a link, from a mail or another site, to a page in a tab of its own."""
    return (
        scope["method"] in ("GET", "HEAD")
        and scope["path"] in OPENED_BY_LINKS
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )
