"""Decorators that declare what an operation accepts and returns; they both validate and document it.

The checks run in this order: media type (415), size (413), query and syntax (400), content (422). The token is checked
before them (see auth), and the database is read only after them: an invalid request never reaches it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import orjson
from flask import Flask, Response, request
from flask.globals import request_ctx
from marshmallow import Schema

from videosession.contract import bodies, queries
from videosession.contract.bodies import JSON
from videosession.contract.queries import Query
from videosession.errors import BadRequest

LONGEST_KEY = 255


if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from werkzeug.routing import MapAdapter

View = Callable[..., Any]
Decorator = Callable[[View], View]
Shapes = type[Schema] | tuple[type[Schema], ...] | None


class Accepted(NamedTuple):
    """What a view is declared to accept, for the OpenAPI document."""

    body: type[Schema] | None
    query: type[Query] | None
    media_types: Collection[str]
    most: int
    keyed: bool


class Answered(NamedTuple):
    """What a view is declared to return, for the OpenAPI document; `content` maps media types to schemas."""

    status: int
    content: dict[str, Shapes]
    headers: Collection[str]
    problems: dict[int, str]
    ranges: bool
    or_status: int | None


def accepts(
    body: type[Schema] | None = None,
    *,
    media_types: Collection[str] = (JSON,),
    query: type[Query] | None = None,
    most: int = 0,
    keyed: bool = False,
) -> Decorator:
    """Pass the view the validated body as `body` and the validated query as `query`.

    With `most`, the body may also be an array, or lines, of up to so many items, and `body` is then a list. Without a
    schema, no body is read. Unknown query parameters are refused, so nothing that was sent is silently dropped. With
    `keyed`, the view gets the Idempotency-Key, or None, as `key`.
    """
    body_loader = body() if body else None
    query_loader = (query or Query)()
    is_optional = not any(field.required for field in query_loader.fields.values())
    unasked = queries.read(b"", query_loader) if is_optional else {}

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(**arguments: Any) -> Any:
            sent = bodies.receive(media_types) if body else b""
            is_asked = request.query_string or not is_optional
            parameters = queries.read(request.query_string, query_loader) if is_asked else dict(unasked)
            if query:
                arguments["query"] = parameters
            if keyed:
                arguments["key"] = _idempotency_key()
            if body_loader:
                arguments["body"] = bodies.load(sent, body_loader, most)
            return view(**arguments)

        vars(checked)["accepts"] = Accepted(body, query, media_types, most, keyed)
        return checked

    return decorate


def accepted_by(view: View) -> Accepted | None:
    """Return what a view is declared to accept, if anything."""
    return getattr(view, "accepts", None)


def answered_by(view: View) -> Answered:
    """Return what a view is declared to return."""
    answered: Answered = vars(view)["answers"]
    return answered


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= LONGEST_KEY:
        raise BadRequest(f"The Idempotency-Key must have 1 to {LONGEST_KEY} characters.")
    return key


def answers(
    schema: Shapes = None,
    status: int = 200,
    *,
    media_type: str = JSON,
    also: dict[str, Shapes] | None = None,
    headers: Collection[str] = (),
    problems: dict[int, str] | None = None,
    ranges: bool = False,
    or_status: int | None = None,
) -> Decorator:
    """Send what the view returns as JSON; a Response is sent unchanged.

    The view returns its content, or a tuple of content, headers and optionally a status that replaces `status`.

    The other arguments are for the OpenAPI document: `schema` is the answer's schema, or a tuple of alternatives;
    `also` has the schemas of other media types; `headers` are those that it has beside the headers of every answer;
    `problems` describes errors by status, beside those that the other decorators imply; `ranges` is whether it supports
    Range; `or_status` is a second status that it may have.
    """
    described = Answered(status, {media_type: schema} | (also or {}), headers, problems or {}, ranges, or_status)

    def decorate(view: View) -> View:
        @wraps(view)
        def answered(**arguments: Any) -> Response:
            answer = view(**arguments)
            if isinstance(answer, Response):
                return answer
            content, headers, *other = answer if isinstance(answer, tuple) else (answer, None)
            return _json(content, other[0] if other else status, headers)

        vars(answered)["answers"] = described
        return answered

    return decorate


class Complete(Response):
    """A response that skips werkzeug's completion of headers, which takes a tenth of an append's time."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        start_response(self.status, self.headers.to_wsgi_list())
        return cast("Iterable[bytes]", self.response)


def _json(content: Any, status: int, headers: dict[str, str] | None) -> Complete:
    body = orjson.dumps(content)
    answer = Complete(body, status, headers, content_type=JSON)
    answer.headers["Content-Length"] = str(len(body))
    return answer


def _answer_options(app: Flask) -> Response:
    """Return the methods of the request's path, and the media types that they accept (RFC 5789, 3.1)."""
    routes = cast("MapAdapter", request_ctx.url_adapter)
    methods = sorted(routes.allowed_methods())
    headers = {"Allow": ", ".join(methods)}
    for method in ("PATCH", "POST"):
        if method in methods:
            endpoint, _ = routes.match(method=method)
            if accepted := accepted_by(app.view_functions[endpoint]):
                headers[f"Accept-{method.title()}"] = ", ".join(accepted.media_types)
    return Response(status=204, headers=headers)


def init_app(app: Flask) -> None:
    """Have `app` answer OPTIONS with what its views declare."""
    setattr(app, "make_default_options_response", partial(_answer_options, app))  # noqa: B010, Flask's own hook is a method
