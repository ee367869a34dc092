"""What an operation takes and gives, said by decorators: what validates is what documents.

The checks run in this order: media type (415), size (413), query and syntax (400), content (422). Who may ask comes
before (see auth), what is stored after: nothing is asked of the database for an invalid request.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import NamedTuple

import orjson
from flask import Response, request
from marshmallow import Schema, ValidationError

from videosession import exact_json, queries
from videosession.errors import Fault, Invalid, TooLarge, UnsupportedMediaType
from videosession.queries import Query

JSON = "application/json"
LARGEST_JSON = 1024 * 1024


class Accepted(NamedTuple):
    """What a view was decorated to take: the schemas of its body and of its query, for the API's description."""

    body: type[Schema] | None
    query: type[Query] | None


def accepts(body: type[Schema] | None = None, *, query: type[Query] | None = None) -> Callable:
    """Give the view its body as the schema loads it, in the argument `body`, and its query, in `query`.

    Without a schema no body is read. A query parameter that the schema does not name is refused: nothing that was sent
    is dropped in silence.
    """
    body_loader = body() if body else None
    query_loader = (query or Query)()

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def checked(**arguments):
            sent = _json_body() if body else None
            if query or request.query_string:
                parameters = queries.read(request.query_string, query_loader)
                arguments |= {"query": parameters} if query else {}
            if body:
                arguments["body"] = _load(body_loader, exact_json.read(sent))
            return view(**arguments)

        checked.accepts = Accepted(body, query)
        return checked

    return decorate


def answers(schema: type[Schema], status: int = 200) -> Callable:
    """Answer with what the view returns, as JSON; `schema` says what it looks like.

    A pair is that and headers to send with it, and a Response goes out as it is.
    """

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def answered(**arguments) -> Response:
            answer = view(**arguments)
            if isinstance(answer, Response):
                return answer
            content, headers = answer if isinstance(answer, tuple) else (answer, None)
            return Response(orjson.dumps(content), status, headers, content_type=JSON)

        answered.answers = (schema, status)
        return answered

    return decorate


def _json_body() -> bytes:
    if request.headers.get("Content-Encoding") is not None:
        raise UnsupportedMediaType("A body with a Content-Encoding is not taken: send it as it is.")
    if request.mimetype != JSON or request.mimetype_params.get("charset", "utf-8").lower() != "utf-8":
        raise UnsupportedMediaType(f"The body must be sent as Content-Type: {JSON}, in UTF-8.")
    return _read_body(LARGEST_JSON)


def _read_body(limit: int) -> bytes:
    """Read the body; one more byte than is allowed is asked for, because a chunked body does not say its length."""
    too_large = TooLarge(f"The body is larger than {limit} bytes.")
    if (request.content_length or 0) > limit:
        raise too_large
    body = request.stream.read(limit + 1)
    if len(body) > limit:
        raise too_large
    return body


def _load(loader: Schema, value):
    try:
        return loader.load(value)
    except ValidationError as error:
        raise Invalid(list(_faults(error.messages))) from None


def _faults(messages, pointer: str = "") -> Iterator[Fault]:
    """Flatten marshmallow's nested messages; a field may give Faults of its own, whose pointers begin at the field."""
    if isinstance(messages, dict):
        for step, inner in messages.items():
            yield from _faults(inner, pointer if step == "_schema" else pointer + exact_json.pointer_step(step))
        return
    for message in messages:
        if isinstance(message, Fault):
            yield Fault(pointer + message.pointer, message.detail)
        else:
            yield Fault(pointer, message)
