"""ETags of sessions, and conditional requests (RFC 9110, 13).

A session's ETag has two parts, as in "3.9f86d081884c7d65": the version of its own fields, and a revision that every
append changes. Both are read with the session, so an ETag is never newer than the answer's content.
"""

import re
from collections.abc import Callable
from functools import wraps

from flask import Flask, Response, request

from videosession.errors import PreconditionFailed

# Werkzeug's own parser also accepts ETags without quotes, and mishandles an empty one.
_NAMED = re.compile(r'(W/)?"([^"]*)"')


class NotModified(Exception):
    """The client has the current representation."""

    def __init__(self, headers: dict[str, str]):
        super().__init__()
        self.headers = headers


def headers(session: dict, variant: str | None = None) -> dict[str, str]:
    """Return the caching headers of an answer about a session: its ETag and Cache-Control.

    If one URL has several representations, chosen by Accept, `variant` distinguishes their tags.
    """
    negotiated = {} if variant is None else {"Vary": "Accept"}
    return {"ETag": f'"{_tag(session, variant)}"'} | negotiated


def check_tag(session: dict, variant: str | None = None) -> None:
    """Raise NotModified or PreconditionFailed if the request's conditions do not match the session's ETag."""
    tag = _tag(session, variant)
    _check(tag, lambda named: named == tag, headers(session, variant))


def check_version(session: dict) -> None:
    """Do the same with the first part of the ETag only, since the second keeps changing while a session is in use."""
    start = f"{session['version']}."
    _check(_tag(session), lambda named: named.startswith(start), headers(session))


def check(tag: str | None) -> None:
    """Raise NotModified or PreconditionFailed if the conditions do not match the tag; None if there is no tag."""
    if tag is not None:
        _check(tag, lambda named: named == tag, {"ETag": f'"{tag}"'})
    elif "If-Match" in request.headers:
        raise PreconditionFailed("If-Match does not match: the resource does not exist.")


def check_unchanged(headers: dict[str, str]) -> None:
    """Raise NotModified if the client has this representation, by the ETag in the answer's headers."""
    if "If-None-Match" in request.headers:
        tag = headers["ETag"].strip('"')
        if _names("If-None-Match", lambda named: named == tag, weakly=True):
            raise NotModified(headers)


def conditional(check: Callable[[dict], None]) -> Callable:
    """Pass the view `check` as `condition` if the request is conditional, else None."""

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def depending(**arguments):
            return view(condition=check if _depends() else None, **arguments)

        vars(depending)["is_conditional"] = True
        return depending

    return decorate


def _depends() -> bool:
    """Return whether the request has a condition beyond the session's existence."""
    environ = request.environ
    return "HTTP_IF_NONE_MATCH" in environ or environ.get("HTTP_IF_MATCH", "*").strip() != "*"


def _tag(session: dict, variant: str | None = None) -> str:
    return f"{session['version']}.{session['revision']}{variant or ''}"


def _check(tag: str, is_current: Callable[[str], bool], headers: dict[str, str]) -> None:
    if "If-Match" in request.headers and not _names("If-Match", is_current):
        raise PreconditionFailed(f'If-Match does not match: the ETag is now "{tag}".')
    if "If-None-Match" in request.headers and _names("If-None-Match", is_current, weakly=True):
        if request.method not in ("GET", "HEAD"):
            raise PreconditionFailed(f'If-None-Match matches: the ETag is "{tag}".')
        raise NotModified(headers)


def _names(header: str, is_current: Callable[[str], bool], *, weakly: bool = False) -> bool:
    value = request.headers[header]
    listed = (tag for weak, tag in _NAMED.findall(value) if weakly or not weak)
    return value.strip() == "*" or any(map(is_current, listed))


def _answer_not_modified(error: NotModified) -> Response:
    return Response(status=304, headers=error.headers)


def init_app(app: Flask) -> None:
    """Have `app` answer 304 when NotModified is raised."""
    app.register_error_handler(NotModified, _answer_not_modified)
