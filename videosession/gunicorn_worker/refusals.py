"""Error answers of the worker, in the same form as all others, for requests that do not reach the service."""

import contextlib
import json
import logging
import secrets
import socket
from http import HTTPStatus

from gunicorn.http.errors import (
    ConfigurationProblem,
    ExpectationFailed,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)

from videosession import problems

_STATUSES = {LimitRequestLine: 414, ExpectationFailed: 417, LimitRequestHeaders: 431}  # of invalid HTTP; else 400
_OURS = (ConfigurationProblem, InvalidResponseHeader, InvalidResponseHeaderName)  # not caused by a client


def refuse_for(error: Exception, client: socket.socket, log: logging.Logger) -> None:
    """Refuse a request that could not be parsed, or whose handling failed.

    Unlike gunicorn, this logs neither the client's address nor the unparsed bytes, which may contain a token.
    """
    if isinstance(error, ParseException) and not isinstance(error, _OURS):
        refuse(client, _STATUSES.get(type(error), 400), f"The request is not valid HTTP. {error}".rstrip(), log)
    else:
        log.error("internal error in the server", exc_info=error)
        refuse(client, 500, "Internal error. The log has it under this request id.", log)


def refuse(client: socket.socket, status: int, detail: str, log: logging.Logger) -> None:
    """Send a problem document with a request id, and log it."""
    request_id = secrets.token_hex(8)
    log.warning("request %s is answered %d without the service", request_id, status)
    with contextlib.suppress(OSError):
        client.sendall(_problem(status, detail, request_id))


def _problem(status: int, detail: str, request_id: str) -> bytes:
    """Return a complete HTTP response with a problem document (RFC 9457)."""
    body = json.dumps(problems.document(status, detail, request_id)).encode()
    headers = {
        "Connection": "close",
        "Content-Type": problems.PROBLEM_JSON,
        "Content-Length": len(body),
        "X-Content-Type-Options": "nosniff",
        "X-Request-Id": request_id,
    }
    if status == 503:
        headers["Retry-After"] = 1
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
