"""The exception tree, and the answer that all of it shares: application/problem+json (RFC 9457).

    ServiceError
    ├── BadRequest              400
    ├── Unauthenticated         401, with WWW-Authenticate
    ├── Forbidden               403
    ├── NotFound                404
    ├── BodyTimeout             408
    ├── Conflict                409
    ├── PreconditionFailed      412
    ├── TooLarge                413
    ├── UnsupportedMediaType    415
    ├── Invalid                 422
    ├── TooManyRequests         429, with Retry-After
    ├── DatabaseFailure         what `database/errors.py` makes of a failure of the database
    │   ├── DocumentRefused     422
    │   ├── DatabaseRefuses     500
    │   ├── DatabaseUnavailable 503, with Retry-After
    │   └── DatabaseFull        503, with Retry-After
    ├── DatabaseUnsafe          503, with Retry-After
    └── KeysUnavailable         503, with Retry-After

Exceptions that Flask and Werkzeug raise (404, 405, …) are answered in the same form, with their headers.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.sansio.response import Response as BaseResponse

from videosession import problems
from videosession.observability import request_id
from videosession.problems import PROBLEM_JSON

log = logging.getLogger(__name__)


class Fault(NamedTuple):
    """One error in a request's body, at a JSON pointer (RFC 6901)."""

    pointer: str
    detail: str


class ServiceError(Exception):
    """A request fails; `detail` tells the client what is wrong and what to do."""

    status = 500
    headers: dict[str, str] = {}

    def __init__(self, detail: str, faults: list[Fault] | None = None, headers: dict[str, str] | None = None):
        super().__init__(detail)
        self.detail = detail
        self.faults = faults or []
        if headers:
            self.headers = headers


class BadRequest(ServiceError):
    status = 400


class Unauthenticated(ServiceError):
    status = 401
    headers = {"WWW-Authenticate": 'Bearer realm="videosession"'}


class Forbidden(ServiceError):
    status = 403


class NotFound(ServiceError):
    status = 404


class BodyTimeout(ServiceError):
    status = 408


class Conflict(ServiceError):
    status = 409


class PreconditionFailed(ServiceError):
    status = 412


class TooLarge(ServiceError):
    status = 413


class UnsupportedMediaType(ServiceError):
    status = 415


class Invalid(ServiceError):
    """A body is well-formed but not valid; every error has its pointer."""

    status = 422

    def __init__(self, faults: list[Fault]):
        super().__init__("The request is well-formed but not valid: see errors.", faults)


class TooManyRequests(ServiceError):
    status = 429

    def __init__(self, wait_seconds: int):
        super().__init__(f"Too many requests: retry after {wait_seconds} s. Send more events in each request.")
        self.headers = {"Retry-After": str(wait_seconds)}


class DatabaseFailure(ServiceError):
    """An operation of the database failed."""


class DocumentRefused(DatabaseFailure):
    """The database refuses this document, but accepts others; `reason` names its error codes."""

    status = 422

    def __init__(self, reason: str):
        super().__init__(f"The database refuses this content: {reason}. A retry will not help.")


class DatabaseRefuses(DatabaseFailure):
    """The database always refuses the operation, which the operator must resolve; `reason` names its error codes."""

    def __init__(self, reason: str):
        super().__init__(
            f"The database refuses this operation: {reason}. A retry will not help: the operator must correct the"
            " database's settings or permissions."
        )


class DatabaseUnavailable(DatabaseFailure):
    status = 503
    headers = {"Retry-After": "1"}

    def __init__(self):
        super().__init__(
            "The database is unavailable. A write may or may not have happened. Retry after the seconds in Retry-After."
        )


class DatabaseFull(DatabaseFailure):
    status = 503
    headers = {"Retry-After": "60"}

    def __init__(self) -> None:
        super().__init__(
            "The database is almost out of disk space: nothing was stored. Reading and deleting still work."
        )


class DatabaseUnsafe(ServiceError):
    """The examination at startup found that the database loses or changes data; `faults` says how."""

    status = 503
    headers = {"Retry-After": "60"}

    def __init__(self, faults: list[str]):
        super().__init__(f"The database is not safe to use: {'; '.join(faults)}.")


class KeysUnavailable(ServiceError):
    status = 503
    headers = {"Retry-After": "5"}

    def __init__(self):
        super().__init__("The identity provider's keys are unavailable. Retry after the seconds in Retry-After.")


MOST_FAULTS = 100


def problem(
    status: int,
    detail: str,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
) -> Response:
    """Return a problem document with the first hundred errors, and the number of omitted ones."""
    body = problems.document(status, detail, request_id())
    if faults:
        body["errors"] = [fault._asdict() for fault in faults[:MOST_FAULTS]]
    if len(faults) > MOST_FAULTS:
        body["errorsOmitted"] = len(faults) - MOST_FAULTS
    return Response(
        orjson.dumps(body),
        status,
        list(headers.items()) if isinstance(headers, Mapping) else headers,
        content_type=PROBLEM_JSON,
    )


def _answer_service_error(error: ServiceError) -> Response:
    return problem(error.status, error.detail, error.faults, error.headers)


def _answer_document_refused(error: DocumentRefused) -> Response:
    """Return a 422 if the request sent a document; otherwise the request is not the cause."""
    status = error.status if request.method in ("POST", "PUT", "PATCH") else DatabaseRefuses.status
    return problem(status, error.detail)


def _answer_http_exception(error: HTTPException) -> BaseResponse:
    """Return the framework's error as a problem document with its headers, such as the Allow of a 405."""
    if error.response is not None:
        return error.response
    status = error.code or 500
    headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
    return problem(status, error.description or HTTP_STATUS_CODES.get(status, "Error"), headers=headers)


def _answer_internal_error(error: Exception) -> Response:
    log.exception("internal error in request %s", request_id(), exc_info=error)
    return problem(500, "Internal error. The log has it under this request id.")


def init_app(app: Flask) -> None:
    """Answer every failure of `app` with a problem document."""
    app.register_error_handler(ServiceError, _answer_service_error)
    app.register_error_handler(DocumentRefused, _answer_document_refused)
    app.register_error_handler(HTTPException, _answer_http_exception)
    app.register_error_handler(Exception, _answer_internal_error)
