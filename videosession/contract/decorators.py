"""Decorators that declare what an operation takes and returns; what validates also documents.

The checks run in this order: media type (415), size (413), query and syntax (400), content (422). Who may ask comes
before (see auth), what is stored after: nothing is asked of the database for an invalid request.
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
    """What a view is declared to take, for the OpenAPI document."""

    body: type[Schema] | None
    query: type[Query] | None
    media_types: Collection[str]
    most: int
    keyed: bool


class Answered(NamedTuple):
    """What a view is declared to return, for the OpenAPI document; content by media type."""

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
    """Pass the view its body, loaded by the schema, as `body`, and its query as `query`.

    With `most`, a body may also be an array of so many, or a line for each, and then gives a list. Without a schema no
    body is read. A query parameter that the schema does not name is refused: nothing that was sent is dropped in
    silence. Where it is `keyed`, a request may have an Idempotency-Key: the view gets that, or None, in `key`.
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
    """Return what a view is declared to take."""
    return getattr(view, "accepts", None)


def answered_by(view: View) -> Answered:
    """Return what a view is declared to return."""
    answered: Answered = vars(view)["answers"]
    return answered


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= LONGEST_KEY:
        raise BadRequest(f"Idempotency-Key must have 1 to {LONGEST_KEY} characters.")
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
    """Answer with what the view returns, as JSON; a pair is that and headers, and a Response goes out as it is.

    Where it returns `or_status` after these, that is the status.

    The rest is for the API's description: `schema` says what the answer looks like, several what it may look like,
    `also` what it is by other media types, `headers` which ones it always has beside those of every answer, `problems`
    what goes wrong here by status, beside what follows from the other decorators, `ranges` that parts can be asked for.
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
    """An answer whose headers are complete: checking them takes a tenth of an append's time."""

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
    """Return the methods that the request's path has, and the media types that they accept (RFC 5789, 3.1)."""
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
    """Let `app` answer OPTIONS from what its views declare."""
    setattr(app, "make_default_options_response", partial(_answer_options, app))  # noqa: B010, Flask's own hook is a method
