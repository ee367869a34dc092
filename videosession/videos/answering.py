"""Answers about videos in several media types, with ETags; small groups are hidden from `sessions:summary` tokens."""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from flask import Response, request

from videosession import auth, instants
from videosession.contract import queries
from videosession.contract.bodies import JSON
from videosession.contract.decorators import Complete
from videosession.services import services
from videosession.sessions import etags
from videosession.video import BinsTooNarrowError, Film, picture, small_groups
from videosession.video.heatmap import SESSION
from videosession.video.lengths import LADDER
from videosession.video.sums import SummedFilm
from videosession.videos.queries import METADATA, Steps
from videosession.videos.repository import Asked

CSV, SVG = "text/csv", "image/svg+xml"
# The pictures contain text from clients. It is escaped, and should that ever fail, browsers still run no script.
PICTURE_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
DAY = 24 * 3600 * instants.SECOND
WIDTHS = {1000 * each for each in LADDER}
_LADDER = ", ".join(map(str, LADDER))

Answer = dict[str, Any]
Query = dict[str, Any]

_POPULATION = ("video_id", "since", "until", "filters", "without")


def ask(query: Query, by: Steps | None = None, refuse: Callable[[], object] | None = None) -> Asked:
    """Return the film with the sessions that a query selects."""
    chosen = {name: query[name] for name in _POPULATION if name in query}
    return services().videos.ask(owner=auth.owner(), by=() if by is None else (by,), refuse=refuse, **chosen)


def is_few() -> bool:
    """Return whether small groups are hidden from the request's token."""
    return not auth.covers(auth.READ)


def check_few(query: Query) -> None:
    """Refuse filters that could single out a few viewers, if small groups are hidden from the token."""
    if not is_few():
        return
    settings = services().settings
    refused = [name for name in ("without", "per", "threshold") if name in request.args]
    faults = {name: ["is not allowed for a token with this scope"] for name in refused}
    for name, value in (("from", query.get("since")), ("to", query.get("until"))):
        if value is not None and value % DAY:
            faults[name] = ["must be 00:00 UTC of a day, for a token with this scope"]
    for steps in query.get("filters", ()):
        if ".".join(steps) not in settings.summary_keys:
            faults[METADATA + ".".join(steps)] = [
                "is not in SUMMARY_KEYS, the only filters for a token with this scope"
            ]
    width = query.get("width")
    if width is not None and width not in WIDTHS:
        faults["binSeconds"] = [f"must be one of {_LADDER}, for a token with this scope"]
    if faults:
        queries.refuse(faults)


def told(query: Query, operation: str, **arguments: Any) -> Answer:
    """Return an operation's answer, without what the token may not see."""
    check_few(query)
    asked = ask(query, refuse=_refusal(operation, arguments))
    smallest = services().settings.smallest_group
    if is_few() and asked.film.is_suppressed(smallest):
        answer = small_groups.suppressed(smallest)
    else:
        answer = _whole(asked.film, operation, arguments)
        if is_few():
            answer = getattr(small_groups, operation)(answer, smallest)
    return {"videoId": query["video_id"], "pending": asked.pending} | answer


def _refusal(operation: str, arguments: Answer) -> Callable[[], object] | None:
    """Return a function that refuses a heatmap that needs each session's result; None if daily sums suffice."""
    if operation != "heatmap":
        return None
    faults = {}
    if arguments["per"] != SESSION:
        faults["per"] = [f"must be {SESSION}: the time range has too many sessions"]
    if arguments["width"] is not None and arguments["width"] not in WIDTHS:
        faults["binSeconds"] = [f"must be one of {_LADDER}: the time range has too many sessions"]
    return partial(queries.refuse, faults) if faults else None


def _whole(film: Film | SummedFilm, operation: str, arguments: Answer) -> Answer:
    try:
        answer: Answer = getattr(film, operation)(**arguments)
    except BinsTooNarrowError as error:
        fits = "request a single node" if error.smallest is None else f"the minimum is {error.smallest}"
        queries.refuse({"binSeconds": [f"is too small: {fits}"]})
    return answer


def negotiated(*media_types: str) -> str:
    """Return the media type that the client prefers, JSON if it has no preference."""
    return request.accept_mimetypes.best_match((JSON, *media_types)) or JSON


def as_json(answer: Answer) -> Response:
    return respond(orjson.dumps(answer), JSON, answer["pending"])


def as_picture(text: str, pending: int) -> Response:
    answer = respond(text.encode(), SVG, pending)
    answer.headers.update(PICTURE_HEADERS)
    return answer


def flows(query: Query) -> list[Answer]:
    """Return the flows in a picture of the choices; none if small groups are hidden from the token."""
    steps: list[Answer] = [] if is_few() else ask(query).film.paths(picture.STEPS)["flows"]
    return steps


def compared(query: Query) -> tuple[Answer, Film]:
    """Return the comparison of two groups, and its film."""
    asked = ask(query, by=query["by"])
    film = asked.film
    if isinstance(film, SummedFilm):  # the repository refuses this
        raise TypeError(film)
    answer = film.compared(query["by"], (query["a"], query["b"]), query["threshold_percent"])
    by = METADATA + ".".join(query["by"])
    return {"videoId": query["video_id"], "pending": asked.pending, "by": by} | answer, film


def curves(query: Query, film: Film) -> list[Answer | None]:
    """Return each group's heatmap of the node that most of both groups saw; None if a group saw nothing."""
    seen = {node: totals.seen_by for node, totals in film.totals.nodes.items()}
    if not seen:
        return [None, None]
    node = max(seen, key=lambda each: (seen[each], each or ""))
    groups = [group.heatmap(node=(node,)) for group in film.groups(query["by"], (query["a"], query["b"]))]
    return [group["nodes"][0] if group["views"] and group["nodes"] else None for group in groups]


def as_csv(text: str, pending: int) -> Response:
    return respond(text.encode(), f"{CSV}; charset=utf-8", pending)


def respond(body: bytes, content_type: str, pending: int) -> Response:
    """Return a response with an ETag if it is complete, or a 304 if the client has it."""
    headers = {"Vary": "Accept, Authorization"}
    if pending == 0:
        headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        etags.check_unchanged(headers)
    answer = Complete([body], headers=headers, content_type=content_type)
    answer.headers["Content-Length"] = str(len(body))
    return answer
