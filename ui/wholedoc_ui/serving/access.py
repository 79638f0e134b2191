"""Who reaches what of the page: the routes that it uses, the login before all else, headers and cookies."""

from __future__ import annotations

from http.cookies import SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..templating import render

# The page loads nothing from elsewhere and sends nothing there. Gradio needs inline scripts and compiles templates.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# What somebody who has not logged in needs to do so. A path that ends with "/" stands for all below it.
BEFORE_LOGIN = (
    "/",
    "/login",
    "/theme.css",
    "/favicon.ico",
    "/manifest.json",
    "/robots.txt",
    "/assets/",
    "/static/",
)
# What the page asks for after that. Gradio has many more routes, and gets more with its versions: some hand out
# files to whoever knows their path, some fetch from elsewhere, some change programs. None of them is open here.
AFTER_LOGIN = (
    "/config",
    "/logout",
    "/gradio_api/cancel",
    "/gradio_api/heartbeat/",
    "/gradio_api/login_check",
    "/gradio_api/queue/data",
    "/gradio_api/queue/join",
    "/gradio_api/startup-events",
    "/gradio_api/upload",
    "/gradio_api/upload_progress",
    "/viewer/",
)
LOGIN_CHECK = "/gradio_api/login_check"


class HeadersMiddleware:
    """Adds the security headers to every response, makes its cookies strict, and lets no other origin read it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _guard(MutableHeaders(scope=message))
            await send(message)

        await self.app(scope, receive, send_guarded)


def _guard(headers: MutableHeaders) -> None:
    headers.update(HEADERS)
    cookies = headers.getlist("set-cookie")
    for name in {name for name in headers if name.startswith("access-control-")} | {"set-cookie"}:
        del headers[name]
    for cookie in cookies:
        for morsel in SimpleCookie(cookie).values():
            morsel["samesite"], morsel["httponly"] = "strict", True
            headers.append("set-cookie", morsel.OutputString())


class AccessMiddleware:
    """Answers 404 for all routes that the page does not use.

    If the page is `private`, what is not needed to log in is answered with 401 before a login, whatever the rest of
    the request holds.
    """

    def __init__(self, app: ASGIApp, *, private: bool) -> None:
        self.app = app
        self._private = private

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = await self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self.app)(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        path = scope["path"]
        if not _is_one_of(path, BEFORE_LOGIN + AFTER_LOGIN):
            return PlainTextResponse("Not found", status_code=404)
        if not self._private or await self._is_logged_in(scope):
            return None
        if path == "/" and Headers(scope=scope).get("sec-fetch-site") in ("cross-site", "same-site"):
            # A browser sends a strict cookie only from one of our own pages. This one comes back at once.
            return HTMLResponse(render("come_back"))
        if _is_one_of(path, BEFORE_LOGIN):
            return None
        return JSONResponse({"detail": "Log in first."}, status_code=401)

    async def _is_logged_in(self, scope: Scope) -> bool:
        """Ask Gradio, which keeps the logins."""
        status = 0

        async def nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)

        asked = {"method": "GET", "path": LOGIN_CHECK, "raw_path": LOGIN_CHECK.encode(), "query_string": b""}
        await self.app({**scope, **asked}, nothing, note)
        return status == 200


def _is_one_of(path: str, routes: tuple[str, ...]) -> bool:
    return any(
        path == route or (route != "/" and route.endswith("/") and path.startswith(route)) for route in routes
    )
