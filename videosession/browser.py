"""Serves /player.js, for pages on any site, and the demo page. Neither needs a token."""

import re
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, send_from_directory

from videosession.contract import static_files
from videosession.contract.decorators import answers

STATIC = Path(__file__).resolve().parent / "static"
PLAYER_SECONDS = 3600
CLIP_SECONDS = 24 * 3600

_PLAYER_HEADERS = {
    "Cache-Control": f"public, max-age={PLAYER_SECONDS}, stale-while-revalidate=86400",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
# The timeline's picture is shown from a blob; everything else is loaded from, and sent to, this service only.
_DEMO_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
    " media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

# These match comments as player.js has them: a block comment begins a line, and a trailing comment follows punctuation.
_BLOCK_COMMENT = re.compile(r"^ */\*\*.*?\*/$", re.DOTALL | re.MULTILINE)
_LINE_COMMENT = re.compile(r"^ *//.*$|(?<=[;{},]) // .*$|^ +", re.MULTILINE)

blueprint = Blueprint("browser", __name__)


@blueprint.get("/player.js")
@answers(media_type="text/javascript", headers=("ETag",))
def player() -> Response:
    """Return the JavaScript module that reports the events of a media element."""
    return static_files.answer(_player(), "text/javascript", _PLAYER_HEADERS)


@blueprint.get("/player.d.ts")
@answers(media_type="text/plain", headers=("ETag",))
def player_types() -> Response:
    """Return the TypeScript types of player.js."""
    return static_files.answer((STATIC / "player.d.ts").read_bytes(), "text/plain", _PLAYER_HEADERS)


@blueprint.get("/demo")
@answers(media_type="text/html", headers=("ETag",))
def demo() -> Response:
    """Return the demo page, where you can try player.js."""
    return _demo_file("demo.html", 0)


@blueprint.get("/demo/<name>")
@answers(media_type="*/*", headers=("ETag",), ranges=True)
def demo_file(name: str) -> Response:
    """Return a file of the demo page; clips support range requests, for seeking."""
    return _demo_file(name, CLIP_SECONDS if name.endswith((".webm", ".mp4")) else 0)


def _demo_file(name: str, seconds: int) -> Response:
    response = send_from_directory(STATIC / "demo", name, max_age=seconds)
    response.headers.update(_DEMO_HEADERS)
    return response


@cache
def _player() -> bytes:
    return without_comments((STATIC / "player.js").read_text()).encode()


def without_comments(source: str) -> str:
    """Return the module without comments and indentation, a third smaller, with the same line numbers."""
    source = _BLOCK_COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), source)
    return _LINE_COMMENT.sub("", source)


def init_app(app: Flask) -> None:
    """Serve these files on `app`."""
    app.register_blueprint(blueprint)
