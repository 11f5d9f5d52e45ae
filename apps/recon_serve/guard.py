"""Who may ask, and how much: the token, pages of other sites, the size of a body; and the headers of every answer."""

import hashlib
import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recon_serve.errors import Refusal
from recon_serve.settings import LOOPBACK, Settings

COOKIE = "recon_session"
PAGE = {
    "/": "text/html",
    "/page.css": "text/css",
    "/page.js": "text/javascript",
    "/frame.js": "text/javascript",
    "/service.js": "text/javascript",
    "/words.js": "text/javascript",
}
"""Paths of the page, and their types."""
OPEN = (*PAGE, "/session", "/openapi.json")
"""Paths that need no token: the page, and where it gets its session from."""
UPLOAD = "/scenes"
_MOST_BYTES = 1_000_000
"""Of a body, which is read into memory; that of an upload, which is not, has a limit where it is read."""
_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def session_of(token: str) -> str:
    """The cookie of a browser that has shown the token, which is not stored there itself."""
    return hmac.new(token.encode(), b"recon serve session", hashlib.sha256).hexdigest()


def same(given: str, wanted: str) -> bool:
    """Compares two secrets in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


class Guard:
    """Refuses requests before they reach a route."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI defines it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._check(scope["method"], scope["path"], Headers(scope=scope))
        except Refusal as refusal:
            answer = JSONResponse(refusal.content, refusal.status, refusal.headers)
            await answer(scope, receive, sent)
            return
        await self.app(scope, receive if scope["path"] == UPLOAD else _limited(receive), sent)

    def _check(self, method: str, path: str, headers: Headers) -> None:
        host = headers.get("host", "")
        if self.settings.is_local and _split(f"//{host}").hostname not in LOOPBACK:
            # A page of another site whose name leads here could read the answers otherwise.
            raise Refusal(403, "HostError", f"this service is {self.settings.host}, not {host[:100]!r}")
        origin = headers.get("origin")
        if method not in ("GET", "HEAD") and origin is not None and _split(origin).netloc != host:
            raise Refusal(403, "OriginError", "pages of other sites may not use this service")
        token = self.settings.token
        if token is None or path in OPEN or _shows(headers, token):
            return
        raise Refusal(
            401,
            "TokenError",
            "send the token as `Authorization: Bearer TOKEN`",
            {"WWW-Authenticate": "Bearer"},
        )


def _split(address: str) -> SplitResult:
    """The parts of an address; empty if it is none, such as ``http://[``."""
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("", "", "", "", "")


def _limited(receive: Receive) -> Receive:
    """Receives a body up to its limit; it is read before anything is checked in it, also without a token."""
    left = _MOST_BYTES

    async def limited() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413, f"the request is larger than the limit of {_MOST_BYTES / 1e6:g} MB")
        return message

    return limited


def _shows(headers: Headers, token: str) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and same(given.strip(), token):
        return True
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return False
    return cookie is not None and same(cookie.value, session_of(token))
