"""Request ids, and a log line for each request when its answer has been sent.

This wraps the WSGI application instead of using Flask's hooks: it measures the whole time, counts streams to their end,
and takes a third of the time that hooks would.
"""

import contextlib
import json
import logging
import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import orjson
from flask import Flask, has_request_context, request

REQUEST_ID = "videosession.request_id"
SUBJECT = "videosession.subject"
LONGEST_PATH = 300
LONGEST_ID = 200

_SAFE_ID = re.compile(rf"[A-Za-z0-9._-]{{1,{LONGEST_ID}}}", re.ASCII)
# The trace context of a proxy or a client (https://www.w3.org/TR/trace-context/); an id of zeros is invalid.
_TRACE = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?", re.ASCII)
# Browsers must not guess another media type.
_NO_SNIFFING = ("X-Content-Type-Options", "nosniff")
# Shared caches must not store an owner's data, and the browser's own cache must revalidate it.
_PRIVATE = ("Cache-Control", "private, no-cache")


class Exchange:
    """A request and its answer, which is passed on piece by piece; `ended` is called at its end."""

    __slots__ = ("_body", "_ended", "bytes_sent", "environ", "is_whole", "route", "started_at", "status")

    def __init__(self, environ: dict, ended: Callable[["Exchange"], None]):
        self.environ = environ
        self.started_at = time.perf_counter()
        self.status = 500
        self.route: str | None = None
        self.bytes_sent = 0
        self.is_whole = False
        self._body: Iterable[bytes] = ()
        self._ended = ended

    def begin(self, application: Callable, start_response: Callable) -> "Exchange":
        """Call the application."""
        sent = self.environ.get("HTTP_X_REQUEST_ID", "")
        request_id = sent if sent and _SAFE_ID.fullmatch(sent) else secrets.token_hex(8)
        self.environ[REQUEST_ID] = request_id

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            self.status = int(status[:3])
            self.route = _route(self.environ)
            if not any(name == "Cache-Control" for name, _ in headers):
                headers.append(_PRIVATE)
            headers += (_NO_SNIFFING, ("X-Request-Id", request_id))
            return start_response(status, headers, exc_info)

        self._body = application(self.environ, start)
        return self

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._body:
            self.bytes_sent += len(piece)
            yield piece
        self.is_whole = True

    def close(self) -> None:
        """Release the answer's resources; the server calls this last, even if the client has disconnected."""
        try:
            if close := getattr(self._body, "close", None):
                close()
        finally:
            self._ended(self)

    @property
    def seconds(self) -> float:
        """The time since the request began."""
        return time.perf_counter() - self.started_at


def _route(environ: dict) -> str | None:
    """Return the route's pattern, which contains no ids; Flask drops it at the end of the request."""
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
    return rule and rule.rule


class Observed:
    """WSGI middleware that passes every exchange to the `observers` when it ends."""

    def __init__(self, application: Callable):
        self.observers: list[Callable[[Exchange], None]] = []
        self._application = application

    def __call__(self, environ: dict, start_response: Callable) -> Exchange:
        return Exchange(environ, self._notify).begin(self._application, start_response)

    def _notify(self, exchange: Exchange) -> None:
        for observe in self.observers:
            observe(exchange)


def request_id() -> str:
    """Return the current request's id; empty outside of a request."""
    return request.environ.get(REQUEST_ID, "") if has_request_context() else ""


class RequestLog:
    """Writes each exchange's line in one call, so that the lines of several processes do not mix.

    Python's logging would take ten times as long to do the same.
    """

    def __init__(self, descriptor: int, write: Callable[[dict], bytes], writes_all: bool = True):
        self._descriptor = descriptor
        self._write = write
        self._least_status = 0 if writes_all else 500

    def __call__(self, exchange: Exchange) -> None:
        if exchange.status < self._least_status:
            return
        with contextlib.suppress(OSError):  # the log is closed; the answer has been sent in any case
            os.write(self._descriptor, self._write(_facts(exchange)))


def _facts(exchange: Exchange) -> dict:
    """Return the logged facts: no query, body or header, and as personal data only the token's subject."""
    environ = exchange.environ
    facts = {
        "time": _now(),
        "level": "INFO" if exchange.status < 500 else "ERROR",
        "logger": "videosession.requests",
        "requestId": environ[REQUEST_ID],
        "method": environ["REQUEST_METHOD"],
        "path": _path(environ["PATH_INFO"]),
        "route": exchange.route,
        "status": exchange.status,
        "ms": round(exchange.seconds * 1000, 2),
        "bytes": exchange.bytes_sent,
        "subject": environ.get(SUBJECT),
    }
    if trace := _TRACE.fullmatch(environ.get("HTTP_TRACEPARENT", "")):
        facts["traceId"] = trace[1]
    if not exchange.is_whole:
        facts["broken"] = True
    return facts


def _path(path: str) -> str:
    if not path.isascii():
        path = path.encode("latin-1").decode(errors="replace")  # as WSGI passes it on (PEP 3333)
    return path[:LONGEST_PATH]


def _now() -> str:
    """Return the current time as text."""
    milliseconds = time.time_ns() // 1_000_000
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03d}Z"


@lru_cache(1)  # most lines are of the same second as the one before
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _as_json(facts: dict) -> bytes:
    return orjson.dumps(facts, option=orjson.OPT_APPEND_NEWLINE)


def _as_text(facts: dict) -> bytes:
    seen = {name: repr(str("-" if fact is None else fact))[1:-1] for name, fact in facts.items()}
    line = "{time} {level} {method} {path} {status} {ms} ms {bytes} bytes {subject} {requestId}\n".format(**seen)
    return line.encode(errors="replace")


class JSONFormatter(logging.Formatter):
    """Formats all other log records like the lines of requests."""

    def format(self, record: logging.LogRecord) -> str:
        facts = {"time": _now(), "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        if name := request_id():
            facts["requestId"] = name
        if record.exc_info:
            facts["traceback"] = self.formatException(record.exc_info)
        return json.dumps(facts)


def printable(text: str) -> str:
    """Return `text` with characters that control a terminal escaped."""
    return "".join(each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in text)


class TextFormatter(logging.Formatter):
    """Formats log records for people, escaped, since they may quote text from clients."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def formatter() -> logging.Formatter:
    """Return a formatter: readable lines on a terminal, otherwise JSON."""
    if sys.stderr.isatty():
        return TextFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    return JSONFormatter()


def init_app(app: Flask) -> Observed:
    """Give every request of `app` an id, in its answer and in the log; return the middleware."""
    observed = Observed(app.wsgi_app)
    app.wsgi_app = observed  # type: ignore[method-assign]  # as Flask's documentation has it
    return observed


def show_log(observed: Observed, level: str) -> None:
    """Send the service's log to standard error, from `level` up, unless its logger has a handler already."""
    logger = logging.getLogger("videosession")
    logger.setLevel(level)
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(formatter())
        logger.addHandler(handler)
    # Drops the development server's own lines for the same requests.
    logging.getLogger("werkzeug").addFilter(lambda record: " - - [" not in str(record.msg))
    write = _as_text if sys.stderr.isatty() else _as_json
    observed.observers.append(RequestLog(sys.stderr.fileno(), write, logger.isEnabledFor(logging.INFO)))
