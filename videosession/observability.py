"""What an operator sees: an id and a log line for each request, and whether the service is alive."""

import logging
import re
import secrets
import time

from flask import Flask, Response, g, request

log = logging.getLogger("videosession.requests")

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,200}", re.ASCII)


def _begin() -> None:
    g.started_at = time.perf_counter()
    sent = request.headers.get("X-Request-Id", "")
    g.request_id = sent if _SAFE_ID.fullmatch(sent) else secrets.token_hex(8)


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    milliseconds = (time.perf_counter() - g.started_at) * 1000
    log.info("%s %r %d %.1f ms %s", request.method, request.path, response.status_code, milliseconds, g.request_id)
    return response


def _livez() -> dict:
    return {"status": "alive"}


def init_app(app: Flask) -> None:
    """Give every request of `app` an id, in its answer and its log line."""
    app.before_request(_begin)
    app.after_request(_end)
    app.add_url_rule("/livez", view_func=_livez, endpoint="livez")


def show_log() -> None:
    """Send the service's log to standard error, unless whoever runs it has arranged for it."""
    logger = logging.getLogger("videosession")
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
