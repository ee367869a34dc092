"""Serves /openapi.json, and Swagger UI at /docs, from its package: nothing is loaded from other hosts."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path

import orjson
from flask import Blueprint, Flask, Response

from videosession.contract import generators, openapi, static_files
from videosession.contract.bodies import JSON
from videosession.contract.decorators import accepts, answers
from videosession.errors import NotFound
from videosession.services import services

CSS, HTML, JAVASCRIPT = "text/css", "text/html", "text/javascript"

_OUR_OWN = Path(__file__).parent.parent / "static" / "docs"
_FILES = {
    "docs.css": (_OUR_OWN, CSS),
    "docs.js": (_OUR_OWN, JAVASCRIPT),
    "swagger-ui.css": (files("flask_swagger_ui") / "dist", CSS),
    "swagger-ui-bundle.js": (files("flask_swagger_ui") / "dist", JAVASCRIPT),
}
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}

blueprint = Blueprint("docs", __name__)


@blueprint.get("/openapi.json")
@accepts()
@answers(media_type=JSON, headers=("ETag",))
def read_description() -> Response:
    """Return the OpenAPI 3.1 document."""
    return static_files.answer(services().description(), JSON, _HEADERS)


@blueprint.get("/docs")
@answers(media_type=HTML, headers=("ETag",))
def read_docs() -> Response:
    """Return a page to read and try the API."""
    return static_files.answer((_OUR_OWN / "docs.html").read_bytes(), HTML, _HEADERS)


@blueprint.get("/docs/<name>")
@answers(media_type=JAVASCRIPT, also={CSS: None}, headers=("ETag",))
def read_docs_file(name: str) -> Response:
    """Return a file that the page needs."""
    if name not in _FILES:
        raise NotFound("No such file.")
    directory, media_type = _FILES[name]
    return static_files.answer((directory / name).read_bytes(), media_type, _HEADERS)


def init_app(app: Flask) -> Callable[[], bytes]:
    """Serve the OpenAPI document of `app`; return a function that generates it once, on the first call."""
    app.register_blueprint(blueprint)
    return cache(lambda: orjson.dumps(generators.readable(openapi.describe(app))))
