"""What an operation takes and gives, said by decorators: what validates is what documents.

The checks run in this order: media type (415), size (413), query and syntax (400), content (422). Who may ask comes
before (see auth), what is stored after: nothing is asked of the database for an invalid request.
"""

from collections.abc import Callable, Iterator
from functools import wraps

import orjson
from flask import Response, request
from marshmallow import Schema, ValidationError

from videosession import exact_json
from videosession.errors import BadRequest, Fault, Invalid, TooLarge, UnsupportedMediaType

JSON = "application/json"
LARGEST_JSON = 1024 * 1024


def accepts(schema: type[Schema] | None = None) -> Callable:
    """Give the view its body as `schema` loads it, in the argument `body`; without a schema no body is read.

    A query parameter that the view does not take is refused: nothing that was sent is dropped in silence.
    """
    loader = schema() if schema else None

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def checked(**arguments):
            if loader is None:
                _refuse_query()
                return view(**arguments)
            body = _json_body()
            _refuse_query()
            return view(body=_load(loader, exact_json.read(body)), **arguments)

        checked.accepts = schema
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


def _refuse_query() -> None:
    if request.query_string:
        raise BadRequest(f"This operation has no query parameter {next(iter(request.args), '')!r}: leave it out.")


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
