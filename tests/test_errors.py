"""Every error has one form: a problem document with its status and headers, and without internals."""

import pytest
from flask import Flask, abort
from werkzeug.exceptions import MethodNotAllowed, RequestedRangeNotSatisfiable, TooManyRequests, default_exceptions
from werkzeug.http import HTTP_STATUS_CODES

from tests.answers import check_problem
from videosession import errors, observability
from videosession.errors import Fault, ServiceError

FAULTS = [Fault("/a", "is wrong"), Fault("", "is worse")]

# What is raised, the status, and the headers beside those that every answer has.
FAILURES = {
    errors.BadRequest: (errors.BadRequest("why"), 400, {}),
    errors.Unauthenticated: (errors.Unauthenticated("why"), 401, {"WWW-Authenticate": 'Bearer realm="videosession"'}),
    errors.Forbidden: (errors.Forbidden("why"), 403, {}),
    errors.NotFound: (errors.NotFound("why"), 404, {}),
    errors.BodyTimeout: (errors.BodyTimeout("why"), 408, {}),
    errors.Conflict: (errors.Conflict("why", FAULTS), 409, {}),
    errors.PreconditionFailed: (errors.PreconditionFailed("why"), 412, {}),
    errors.TooLarge: (errors.TooLarge("why"), 413, {}),
    errors.UnsupportedMediaType: (errors.UnsupportedMediaType("why"), 415, {}),
    errors.Invalid: (errors.Invalid(FAULTS), 422, {}),
    errors.TooManyRequests: (errors.TooManyRequests(3), 429, {"Retry-After": "3"}),
    errors.DatabaseFailure: (errors.DatabaseFailure("why"), 500, {}),
    errors.DatabaseRefuses: (errors.DatabaseRefuses("why"), 500, {}),
    # A request that sends no document is not the cause: see database/test_errors.py.
    errors.DocumentRefused: (errors.DocumentRefused("why"), 500, {}),
    errors.DatabaseUnavailable: (errors.DatabaseUnavailable(), 503, {"Retry-After": "1"}),
    errors.DatabaseFull: (errors.DatabaseFull(), 503, {"Retry-After": "60"}),
    errors.DatabaseUnsafe: (errors.DatabaseUnsafe(["why"]), 503, {"Retry-After": "60"}),
    errors.KeysUnavailable: (errors.KeysUnavailable(), 503, {"Retry-After": "5"}),
}
FRAMEWORK = {
    "a 405 with what is allowed": (MethodNotAllowed(["GET", "PUT"]), 405, {"Allow": "GET, PUT"}),
    "a 429 with a pause": (TooManyRequests(retry_after=7), 429, {"Retry-After": "7"}),
    "a 416 with the length": (RequestedRangeNotSatisfiable(5), 416, {"Content-Range": "bytes */5"}),
}


def failing(failure: Exception | int):
    """Return the answer of an app whose only view fails with this."""
    app = Flask(__name__)
    observability.init_app(app)
    errors.init_app(app)

    @app.get("/")
    def fail():
        if isinstance(failure, int):
            abort(failure)
        raise failure

    return app.test_client().get("/")


def every_kind(kind: type[ServiceError] = ServiceError) -> set[type[ServiceError]]:
    return set().union(*({each} | every_kind(each) for each in kind.__subclasses__()))


def test_every_exception_class_is_in_the_table():
    assert set(FAILURES) == every_kind()


@pytest.mark.parametrize(
    ("failure", "status", "headers"), [*FAILURES.values(), *FRAMEWORK.values()], ids=lambda value: type(value).__name__
)
def test_an_error_is_answered_with_a_problem_document_and_its_headers(failure, status, headers):
    answer = failing(failure)
    document = check_problem(answer, status)
    assert document["type"] == "about:blank"
    assert document["title"] == HTTP_STATUS_CODES[status]
    assert {name: answer.headers[name] for name in headers} == headers
    assert document.get("errors", []) == [fault._asdict() for fault in getattr(failure, "faults", [])]


@pytest.mark.parametrize("code", default_exceptions)
def test_errors_raised_by_the_framework_have_the_same_form(code):
    assert check_problem(failing(code), code)["title"]


def test_an_internal_error_is_logged_and_not_shown_to_the_client(caplog):
    answer = failing(ZeroDivisionError("a secret"))
    document = check_problem(answer, 500)
    assert "secret" not in answer.text
    assert document["requestId"] in caplog.text
    assert "ZeroDivisionError: a secret" in caplog.text


@pytest.mark.parametrize(
    ("count", "told", "omitted"), [(1, 1, None), (100, 100, None), (101, 100, 1), (5000, 100, 4900)]
)
def test_of_many_errors_a_hundred_are_listed_and_the_others_counted(count, told, omitted):
    document = check_problem(failing(errors.Invalid([Fault(f"/{n}", "is wrong") for n in range(count)])), 422)
    assert [error["pointer"] for error in document["errors"]] == [f"/{n}" for n in range(told)]
    assert document.get("errorsOmitted") == omitted


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/sessions", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/api/sessions/x", {"GET", "HEAD", "DELETE", "OPTIONS"}),
        ("/api/sessions/x/events", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/livez", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_405_lists_the_allowed_methods(nobody, path, allowed):
    answer = nobody.request("BREW", path)
    check_problem(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) >= allowed
