"""The page at /: sessions and videos with their pictures. The page needs no token, but its data does."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, request

from videosession.contract.decorators import answers

PAGE = Path(__file__).resolve().parent / "static" / "home.html"

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@answers(media_type="text/html", headers=("ETag",))
def home() -> Response:
    """Return the page that lists sessions and videos with their pictures."""
    response = Response(_content(), headers=_headers(), content_type="text/html; charset=utf-8")
    response.add_etag()
    response.make_conditional(request)
    return response


@cache
def _content() -> bytes:
    return PAGE.read_bytes()


@cache
def _headers() -> dict[str, str]:
    """Return headers that let a browser use only the scripts and styles in the page itself.

    Its pictures need a token, so the page fetches them and shows them from blobs.
    """
    script, style = (_hash(tag) for tag in (b"script", b"style"))
    return {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": f"default-src 'none'; script-src {script}; style-src {style}; img-src blob: data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
        " require-trusted-types-for 'script'",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def _hash(tag: bytes) -> str:
    """Return the hash of the page's one element of this kind, as a content security policy names it."""
    [content] = re.findall(rb"<%s>(.*?)</%s>" % (tag, tag), _content(), re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"


def init_app(app: Flask) -> None:
    """Serve the page on `app`."""
    app.register_blueprint(blueprint)
