"""Generates the OpenAPI 3.1 document from the views' decorators, which also validate requests."""

import re
from collections.abc import Collection, Iterator
from http import HTTPStatus
from typing import Any, cast

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from flask import Flask
from marshmallow import fields, validate
from werkzeug.routing import Rule

from videosession import __version__
from videosession.contract import bodies, decorators
from videosession.contract.bodies import JSON, NDJSON
from videosession.contract.decorators import Accepted, Shapes, View, accepted_by, answered_by
from videosession.contract.shapes import JSON_VALUES, Shape, json_value
from videosession.gunicorn_worker.arrival import LONGEST_LINE
from videosession.ids import EVENT_ID, SESSION_ID
from videosession.problems import PROBLEM_JSON

JSONObject = dict[str, Any]

INTRODUCTION = """\
Create a session, report the events of its player, and read the events and the timeline computed from them.

All operations under `/api`, except `GET /api`, need a token in `Authorization: Bearer …`. The token's subject owns the
sessions that are created with it. The command `flask token SUBJECT` prints a token. All errors are problem documents
(RFC 9457). `HEAD` is supported wherever `GET` is, and `OPTIONS` everywhere.
"""

TAGS = {
    "sessions": "A session is one viewing.",
    "events": "What the player did. Events are returned as they were sent, ordered by timestamp, then by arrival.",
    "videos": "Aggregates over all sessions of a video.",
    "timeline": "What was watched, skipped and watched again, and which branches were taken.",
    "service": "The service itself.",
}

PATH_PARAMETERS = {
    "session_id": {"type": "string", "pattern": f"^{SESSION_ID}$", "examples": ["5f0c6a3b9d1e4c7f8a2b6d4e0c9f1a3b"]},
    "event_id": {"type": "string", "pattern": f"^{EVENT_ID}$", "examples": ["play-1"]},
    "name": {"type": "string"},
}

DESCRIPTIONS = {
    "session_id": "The session's id, as returned when the session was created.",
    "event_id": "The event's id: the one that the client chose, or the one that was returned.",
    "name": "The name of a file.",
}

HEADERS = {
    "Cache-Control": "How long the response may be cached.",
    "ETag": "For a session: its version, a dot, and a revision that each append changes. For a video: absent while"
    " `pending` is not 0.",
    "Link": 'The next page, relative, with `rel="next"`; absent on the last.',
    "Location": "The path of the created resource.",
    "Retry-After": "Retry the same request after this many seconds.",
    "WWW-Authenticate": "The authentication scheme that is required.",
    "X-Request-Id": "The request's id in the log: the one that the client sent, if it is valid, otherwise a new one.",
}

ALWAYS = ("Cache-Control", "X-Request-Id")

PROBLEMS = {
    400: "The body is not JSON, or the query is malformed or has an unknown or repeated parameter.",
    401: "The token is missing, invalid or expired.",
    403: "The token does not allow this.",
    404: "The session or event does not exist, or belongs to another owner.",
    408: "The body did not arrive in time.",
    409: "The request contradicts what is stored.",
    412: "The condition of `If-Match` or `If-None-Match` does not hold.",
    413: f"The body has more than {bodies.LARGEST_VALUE} bytes, or more than {bodies.LARGEST[NDJSON]} as NDJSON.",
    414: f"The URL has more than {LONGEST_LINE} bytes.",
    415: "The body's media type is not supported, or it has a Content-Encoding.",
    422: "The body is well-formed but not valid: `errors` lists every error with its JSON pointer.",
    429: "Too many requests.",
    500: "Internal error, or the database refuses the operation. A retry will not help.",
    503: "The database is unavailable. A write may or may not have happened.",
}
PROBLEM_HEADERS = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}

CONDITIONS = {
    "If-None-Match": "ETags. If one of them is current, the response is 304; for a request with side effects, 412.",
    "If-Match": "ETags. If none of them is current, the response is 412. PATCH compares only the first part.",
}


class InvalidPart(Shape):
    pointer = fields.String(
        required=True,
        metadata={"description": "The location of the error in the body, as a JSON pointer."},
    )
    detail = fields.String(required=True, metadata={"description": "What is wrong with it."})


class Problem(Shape):
    """A problem document (RFC 9457); `errors` lists all validation errors."""

    type = fields.String(
        required=True, metadata={"description": "Always `about:blank`: the status is the type of the problem."}
    )
    title = fields.String(required=True, metadata={"description": "The status's name."})
    status = fields.Integer(required=True, metadata={"description": "The response's status."})
    detail = fields.String(required=True, metadata={"description": "A human-readable explanation."})
    request_id = fields.String(
        required=True,
        data_key="requestId",
        metadata={"description": "The request's id, by which it can be found in the log."},
    )
    errors = fields.List(fields.Nested(InvalidPart), metadata={"description": "All validation errors of the body."})
    errors_omitted = fields.Integer(
        data_key="errorsOmitted", metadata={"description": "The number of errors that are not listed."}
    )
    example = {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "The request is well-formed but not valid: see errors.",
        "requestId": "5f0c6a3b9d1e4c7f",
        "errors": [{"pointer": "/timestamp", "detail": "must be an existing date"}],
    }


def describe(app: Flask) -> JSONObject:
    """Return the OpenAPI document of every operation of `app`."""
    marshmallow = MarshmallowPlugin()
    spec = APISpec(
        title="videosession",
        version=__version__,
        openapi_version="3.1.0",
        plugins=[marshmallow],
        info={"description": INTRODUCTION, "contact": {"name": "The operator of this service"}},
        servers=[{"url": "/"}],
        tags=[{"name": name, "description": description} for name, description in TAGS.items()],
    )
    converter = cast("OpenAPIConverter", marshmallow.converter)
    converter.add_attribute_function(_described)
    _add_components(spec)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = app.view_functions[rule.endpoint]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            spec.path(path(rule), operations={method.lower(): _operation(rule, method, view)})
    document = spec.to_dict()
    _add_examples(document, converter)
    return document


def _add_components(spec: APISpec) -> None:
    for values in JSON_VALUES:
        spec.components.schema(values, json_value(values))
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    spec.components.security_scheme("metricsToken", {"type": "http", "scheme": "bearer"})
    for name, description in HEADERS.items():
        header = {"description": description, "required": name not in ("Link", "ETag"), "schema": {"type": "string"}}
        spec.components.header(name, header)
    for status, description in PROBLEMS.items():
        spec.components.response(_name(status), _problem(status, description))


def _operation(rule: Rule, method: str, view: View) -> JSONObject:
    summary, _, description = (view.__doc__ or "").partition("\n")
    accepted = accepted_by(view)
    operation: JSONObject = {
        "operationId": re.sub(r"_(.)", lambda match: match[1].upper(), view.__name__),
        "tags": [_tag(rule)],
        "summary": summary.rstrip(".").replace("`", ""),  # Swagger UI shows it as plain text
        "parameters": list(_parameters(rule, method, view, accepted)),
        "responses": dict(_responses(rule, method, view, accepted)),
    }
    if description:
        operation["description"] = re.sub(r"\n +", "\n", description).strip()
    if accepted and accepted.body:
        operation["requestBody"] = {"required": True, "content": _request_content(accepted)}
    if scope := getattr(view, "scope", None):
        scopes = filter(None, (scope, getattr(view, "instead", None)))
        operation["security"] = [{"token": [each]} for each in scopes]
    else:
        operation["security"] = [{"metricsToken": []}] if 401 in answered_by(view).problems else []
    return operation


def _parameters(rule: Rule, method: str, view: View, accepted: Accepted | None) -> Iterator[JSONObject]:
    for name in sorted(rule.arguments):
        yield {"in": "path", "name": _camel(name), "required": True, "schema": PATH_PARAMETERS[name]} | (
            {"description": DESCRIPTIONS[name]}
        )
    if accepted and accepted.query:
        yield {"in": "query", "schema": accepted.query}
    if accepted and accepted.keyed:
        yield _header_parameter("Idempotency-Key", "Repeating a request with the same key has no further effect.") | {
            "schema": {"type": "string", "minLength": 1, "maxLength": decorators.LONGEST_KEY}
        }
    conditions = CONDITIONS if getattr(view, "is_conditional", False) else ("If-None-Match",) * _has_tag(method, view)
    for name in conditions:
        yield _header_parameter(name, CONDITIONS[name])
    if answered_by(view).ranges:
        yield _header_parameter("Range", "The bytes to return, such as `bytes=0-1023`.")


def _header_parameter(name: str, description: str) -> JSONObject:
    return {"in": "header", "name": name, "description": description, "schema": {"type": "string"}}


def _request_content(accepted: Accepted) -> JSONObject:
    one: JSONObject = {"schema": accepted.body}
    if not accepted.most:
        return dict.fromkeys(accepted.media_types, one)
    several: JSONObject = {"type": "array", "items": accepted.body, "minItems": 1, "maxItems": accepted.most}
    lines = {"type": "string", "description": f"1 to {accepted.most} lines, each a JSON object as in application/json."}
    return {JSON: {"schema": {"anyOf": [accepted.body, several]}}, NDJSON: {"schema": lines}}


def _responses(rule: Rule, method: str, view: View, accepted: Accepted | None) -> Iterator[tuple[str, JSONObject]]:
    answered = answered_by(view)
    headers = {*answered.headers, *(("ETag",) if _has_tag(method, view) else ())}
    is_page = accepted and accepted.query and "cursor" in accepted.query().fields
    answer = {
        "description": HTTPStatus(answered.status).phrase,
        "headers": _headers(headers | ({"Link"} if is_page else set())),
        "content": {media_type: _content(shapes) for media_type, shapes in answered.content.items()},
    }
    if answered.status == HTTPStatus.NO_CONTENT:
        del answer["content"]
    yield str(answered.status), answer
    if answered.or_status:
        yield str(answered.or_status), answer | {"description": HTTPStatus(answered.or_status).phrase}
    if answered.ranges:
        yield "206", answer | {"description": "The requested bytes."}
        yield "416", _problem(416, "The requested range is not satisfiable.")
    if _has_tag(method, view):
        yield "304", {"description": "Not modified.", "headers": _headers({"ETag"})}
    for status in sorted(_problems(rule, view, accepted)):
        yield str(status), {"$ref": f"#/components/responses/{_name(status)}"}
    for status, description in answered.problems.items():
        yield str(status), _problem(status, description)


def _problems(rule: Rule, view: View, accepted: Accepted | None) -> set[int]:
    """Return the statuses of the problems that an operation's checks can answer with."""
    statuses: set[int] = set()
    if accepted:
        statuses |= {400}
    if accepted and accepted.query:
        statuses |= {414}
    if accepted and accepted.body:
        statuses |= {408, 413, 415, 422}
    if rule.arguments:
        statuses |= {404}
    if hasattr(view, "scope"):
        statuses |= {401, 403, 429, 500, 503}
    if getattr(view, "is_conditional", False):
        statuses |= {412}
    return statuses


def _problem(status: int, description: str) -> JSONObject:
    return {
        "description": description,
        "headers": _headers(PROBLEM_HEADERS.get(status, [])),
        "content": {PROBLEM_JSON: {"schema": Problem}},
    }


def _headers(names: Collection[str]) -> JSONObject:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in sorted({*names, *ALWAYS})}


def _content(shapes: Shapes) -> JSONObject:
    if isinstance(shapes, tuple):
        return {"schema": {"anyOf": list(shapes)}}
    return {"schema": shapes} if shapes else {}


def _has_tag(method: str, view: View) -> bool:
    """Return whether a view answers GET with an ETag."""
    return method == "GET" and (getattr(view, "is_conditional", False) or "ETag" in answered_by(view).headers)


def _described(_: Any, field: fields.Field[Any], **options: Any) -> JSONObject:
    """Return a field's own JSON Schema from `described`, and the validators that apispec leaves out."""
    described = dict(getattr(field, "described", {}))
    if field.allow_none and "type" in described:
        described["type"] = [described["type"], "null"]
    for validator in field.validators:
        if hasattr(validator, "regex"):
            described["pattern"] = "^" + validator.regex.pattern.replace(r"\Z", "$")
        if isinstance(validator, validate.Range) and not validator.min_inclusive:
            described["exclusiveMinimum"] = validator.min
    return described


def _add_examples(document: JSONObject, converter: OpenAPIConverter) -> None:
    """Add the docstrings and the examples of the classes to their schemas."""
    for key, name in converter.refs.items():
        shape, schema = key[0], document["components"]["schemas"][name]
        if shape.__doc__ and "__doc__" in vars(shape):
            schema["description"] = re.sub(r"\n +", "\n", shape.__doc__).strip()
        if example := vars(shape).get("example"):
            schema["examples"] = [example, *shape.further_examples]


def _tag(rule: Rule) -> str:
    for name in ("videos", "timeline", "events", "sessions"):
        if name in rule.rule:
            return name
    return "service"


def _name(status: int) -> str:
    return re.sub(r"\W", "", HTTPStatus(status).phrase)


def path(rule: Rule) -> str:
    """Return a route's pattern as OpenAPI writes it."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda match: f"{{{_camel(match[1])}}}", rule.rule)


def _camel(name: str) -> str:
    return re.sub(r"_(.)", lambda match: match[1].upper(), name)
