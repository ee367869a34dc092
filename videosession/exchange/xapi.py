"""Writes xAPI statements of the Video Profile, for a learning record store.

Each visit of a node has `initialized`, then for each stretch watched `played` and `seeked` or `paused`, `completed`
when the threshold is passed, and `terminated`. (https://w3id.org/xapi/video)
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

from videosession import instants
from videosession.exchange.visits import Move, Stay, first_move, played, stays
from videosession.timeline.viewing import Node, Segment, Viewing

Statement = dict[str, Any]
Session = dict[str, Any]

PROFILE = "https://w3id.org/xapi/video"
VIDEO = f"{PROFILE}/activity-type/video"
EXTENSION = f"{PROFILE}/extensions/"
VERBS = {name: f"http://adlnet.gov/expapi/verbs/{name}" for name in ("initialized", "completed", "terminated")} | {
    name: f"{PROFILE}/verbs/{name}" for name in ("played", "paused", "seeked")
}
# Extensions for a branch, in the context of `initialized`: the profile's validators refuse foreign ones elsewhere.
BRANCH = ("option", "cause", "origin")
BRANCH_EXTENSION = "urn:videosession:extensions:"
NO_ADDRESS = "urn:videosession"

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`#]+", re.ASCII)
_RESIDUE = 1e-9  # the rounding error of a sum of doubles


class Options(NamedTuple):
    """How to write statements: `base` is the IRI that other IRIs begin with, `length` the default length of a node."""

    base: str = NO_ADDRESS
    length: float | None = None
    threshold: float = 0.95

    def iri(self, *steps: str) -> str:
        """Return an IRI under the base."""
        return (":" if self.base.startswith("urn:") else "/").join([self.base.rstrip("/"), *map(_quoted, steps)])


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")


def statements(session: Session, viewing: Viewing, options: Options) -> Iterator[Statement | None]:
    """Yield the statements of a session in order, and None for each one that needs an unknown length."""
    subject = _Subject(session, options)
    watched: dict[Node, list[tuple[float, float]]] = {}
    completed: set[Node] = set()
    for stay in stays(viewing):
        yield from _Visit(subject, stay, watched.setdefault(stay.node, []), completed).statements()


class _Subject:
    """The parts that all statements of a session share: the actor, the registration and the film."""

    def __init__(self, session: Session, options: Options):
        metadata = session.get("metadata", {})
        self.options = options
        self.actor = {"objectType": "Agent", "account": {"homePage": options.base, "name": viewer(session)}}
        self.registration = _registration(metadata.get("registration"), session["_id"])
        self.film = film(session, options)
        self._title = session["title"]

    def activity(self, node: str | None) -> Statement:
        """Return a node as an activity; a node without a name is the film itself."""
        return _video(self.film if node is None else f"{self.film}#{_quoted(node)}", node or self._title)

    def context(self, extensions: Statement) -> Statement:
        activities = {"category": [{"id": PROFILE}], "grouping": [_video(self.film, self._title)]}
        named = {name if ":" in name else EXTENSION + name: value for name, value in extensions.items()}
        context = {"registration": self.registration, "contextActivities": activities}
        return context | {"extensions": {f"{EXTENSION}session-id": self.registration} | named}


class _Visit:
    """Writes one visit; `watched` has the stretches of its node so far, in all visits."""

    def __init__(self, subject: _Subject, stay: Stay, watched: list[tuple[float, float]], completed: set[Node]):
        self._subject, self._stay = subject, stay
        self._watched, self._completed = watched, completed
        length = stay.node.length or (subject.options.length and max(subject.options.length, stay.node.furthest))
        self._length = length and round(float(length), 3)
        self._position = 0.0

    def statements(self) -> Iterator[Statement | None]:
        """Yield the visit's statements."""
        stay = self._stay
        stretches = played(stay)
        yield self._needing_length("initialized", stay.entered_at, None, self._entry(stretches))
        if move := first_move(stay):
            yield self._seeked(move)
        for segment, ending in stretches:
            yield from self._stretch(segment, ending)
        if not stay.jumps and not stretches and stay.exit and stay.exit.position is not None:
            self._position = stay.exit.position
        yield self._needing_length("terminated", stay.left_at, self._progress(), {})

    def _stretch(self, segment: Segment, ending: Move | None) -> Iterator[Statement | None]:
        yield self._statement("played", segment.started_at, {"time": round(segment.start, 3)}, {})
        self._watched.append((segment.start, segment.end))
        self._position = segment.end
        at = segment.ended_at
        if ending is None or ending.paused_before:
            yield self._needing_length("paused", at, self._progress(), {})
        if self._passes_threshold():
            yield self._needing_length("completed", at, self._progress(), {})
        if ending:
            yield self._seeked(ending)

    def _entry(self, stretches: list[tuple[Segment, Move | None]]) -> Statement:
        entry: Statement = {"completion-threshold": self._subject.options.threshold, "speed": f"{_speed(stretches)}x"}
        if taken := self._stay.entry:
            branch = (taken.option, taken.cause, taken.start.id)
            entry |= {BRANCH_EXTENSION + name: value for name, value in zip(BRANCH, branch, strict=True)}
        return {name: value for name, value in entry.items() if value is not None}

    def _seeked(self, move: Move) -> Statement:
        self._position = move.end
        positions = {"time-from": round(move.start, 3), "time-to": round(move.end, 3)}
        return self._statement("seeked", move.at, positions, {})

    def _progress(self) -> Statement:
        progress: Statement = {"time": round(self._position, 3), "progress": round(self._share(), 3)}
        if self._watched:
            progress["played-segments"] = "[,]".join(f"{_short(a)}[.]{_short(b)}" for a, b in self._watched)
        return progress

    def _share(self) -> float:
        return min(_covered(self._watched) / self._length, 1.0) if self._length else 0.0

    def _passes_threshold(self) -> bool:
        node = self._stay.node
        if node in self._completed or self._share() < self._subject.options.threshold - _RESIDUE or not self._length:
            return False
        self._completed.add(node)
        return True

    def _needing_length(self, verb: str, at: int, result: Statement | None, context: Statement) -> Statement | None:
        return self._statement(verb, at, result, {"length": self._length} | context) if self._length else None

    def _statement(self, verb: str, at: int, result: Statement | None, context: Statement) -> Statement:
        statement: Statement = {
            "actor": self._subject.actor,
            "verb": {"id": VERBS[verb], "display": {"en-US": verb}},
            "object": self._subject.activity(self._stay.node.id),
            "context": self._subject.context(context),
            "timestamp": instants.write(at),
        }
        if result is not None:
            statement["result"] = {"extensions": {EXTENSION + name: value for name, value in result.items()}}
        if verb == "completed":
            seconds = sum(end - start for start, end in self._watched)
            statement["result"] |= {"completion": True, "duration": f"PT{_short(seconds)}S"}
        return {"id": _id(statement)} | statement


def viewer(session: Session) -> str:
    """Return the viewer's name: `viewerId` of the metadata, else the owner."""
    named = session.get("metadata", {}).get("viewerId")
    return named if isinstance(named, str) and named else session["owner"]


def film(session: Session, options: Options) -> str:
    """Return the film's IRI: the videoId if it is an IRI, else one derived from it or from the session's id."""
    video_id = session.get("videoId")
    if video_id is None:
        return options.iri("sessions", session["_id"])
    return video_id if is_iri(video_id) else options.iri("videos", video_id)


def is_iri(text: str) -> bool:
    """Return whether a text is an absolute IRI without a fragment."""
    return _IRI.fullmatch(text) is not None


def _video(iri: str, name: str) -> Statement:
    definition: Statement = {"type": VIDEO}
    if name:
        definition["name"] = {"und": name}
    return {"objectType": "Activity", "id": iri, "definition": definition}


def _registration(imported: object, session_id: str) -> str:
    """Return the registration of a session's statements: the imported one, or one derived from the session's id."""
    try:
        return str(uuid.UUID(imported)) if isinstance(imported, str) else _uuid(bytes.fromhex(session_id))
    except ValueError:
        return _uuid(bytes.fromhex(session_id))


def _uuid(content: bytes) -> str:
    """Return a UUID of 16 bytes, marked as version 4, since the profile's validators do not accept version 5."""
    return str(uuid.UUID(bytes=content, version=4))


def _id(statement: Statement) -> str:
    """Return a statement's id, derived from its content, so that every export has the same one."""
    return _uuid(hashlib.sha256(json.dumps(statement, sort_keys=True).encode()).digest()[:16])


def _speed(stretches: list[tuple[Segment, Move | None]]) -> str:
    """Return the fastest speed of a visit, at least 1."""
    return _short(max([1.0, *(_pace(segment) for segment, _ in stretches)]))


def _pace(segment: Segment) -> float:
    """Return the average speed at which a stretch was watched."""
    seconds = (segment.ended_at - segment.started_at) / instants.SECOND
    return (segment.end - segment.start) / seconds if seconds > 0 else 1.0


def _short(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _covered(stretches: list[tuple[float, float]]) -> float:
    total = reached = 0.0
    for start, end in sorted(stretches):
        total += max(end - max(start, reached), 0.0)
        reached = max(reached, end)
    return total
