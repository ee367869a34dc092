"""Holds every answer that the tests get against the API's description."""

import json
from functools import cache

import jsonschema_rs
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from tests.service import SECRET
from videosession.app import create_app
from videosession.contract import openapi

PROBLEM = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}


@cache
def document() -> dict:
    """Return the description of the service."""
    return openapi.describe(create_app({"JWT_SECRET": SECRET, "MONGODB_URI": "mongodb://localhost"}))


def check(app, answer: TestResponse) -> None:
    """See that an answer is one that its operation is described to give."""
    described = _described(app, answer)
    if described is None:
        return
    headers = described.get("headers", {})
    missing = {name for name in headers if _resolve(headers[name])["required"]} - set(answer.headers.keys())
    assert not missing, f"{_name(answer)} lacks the headers {missing}"
    untold = (answer.headers.keys() & document()["components"]["headers"].keys()) - headers.keys()
    assert described is PROBLEM or not untold, f"{_name(answer)} has headers that are not described: {untold}"
    _check_content(answer, described)


def _described(app, answer: TestResponse) -> dict | None:
    """Find what is said of such an answer; None where nothing is."""
    request = answer.request
    try:
        rule, _ = app.url_map.bind("").match(request.path, request.method, return_rule=True)
    except HTTPException:  # no route, or no such method: nobody's operation
        return PROBLEM if request.method != "HEAD" else None
    method = "get" if request.method == "HEAD" else request.method.lower()
    operation = document()["paths"].get(openapi.path(rule), {}).get(method)
    if operation is None or answer.status_code >= 500:  # a route of a test's own, or a fault of its making
        return None
    responses = operation["responses"]
    assert str(answer.status_code) in responses, f"{_name(answer)}: only {list(responses)} are described"
    return _resolve(responses[str(answer.status_code)])


def _check_content(answer: TestResponse, described: dict) -> None:
    content = described.get("content", {})
    if answer.request.method == "HEAD" or not content:
        assert not answer.data, f"{_name(answer)} has a content that is not described"
        return
    if "*/*" in content:
        return
    assert answer.mimetype in content, f"{_name(answer)} is {answer.mimetype}, only {list(content)} are described"
    if schema := content[answer.mimetype].get("schema"):
        texts = answer.data.splitlines() if answer.mimetype == "application/x-ndjson" else [answer.data]
        for text in texts:
            for error in _validator(json.dumps(schema)).iter_errors(json.loads(text)):
                raise AssertionError(f"{_name(answer)} is not as described: {error.message} at {error.instance_path}")


@cache
def _validator(schema: str):
    whole = json.loads(schema) | {"components": document()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def _resolve(part: dict) -> dict:
    if "$ref" not in part:
        return part
    _, _, kind, name = part["$ref"].split("/")
    return document()["components"][kind][name]


def _name(answer: TestResponse) -> str:
    return f"{answer.request.method} {answer.request.path} → {answer.status_code}"
