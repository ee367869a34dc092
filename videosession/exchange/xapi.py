"""xAPI statements of the Video Profile, for a learning record store.

For each visit of a node: `initialized`, for each stretch watched `played` and then `seeked` or `paused`, `completed`
where the threshold is passed, `terminated`. (https://w3id.org/xapi/video)
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
# Of a branch, in the context of `initialized`; validators of the profile refuse extensions of others at other verbs.
BRANCH = ("option", "cause", "origin")
BRANCH_EXTENSION = "urn:videosession:extensions:"
NO_ADDRESS = "urn:videosession"

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`#]+", re.ASCII)
_RESIDUE = 1e-9  # what a sum of doubles may be off


class Options(NamedTuple):
    """How to write statements: `base` is the IRI that names are made under, `length` that of nodes without one."""

    base: str = NO_ADDRESS
    length: float | None = None
    threshold: float = 0.95

    def iri(self, *steps: str) -> str:
        """Return a name under the base."""
        return (":" if self.base.startswith("urn:") else "/").join([self.base.rstrip("/"), *map(_quoted, steps)])


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")


def statements(session: Session, viewing: Viewing, options: Options) -> Iterator[Statement | None]:
    """Yield the statements of a session in order, and None for each that needs a length that is not known."""
    subject = _Subject(session, options)
    watched: dict[Node, list[tuple[float, float]]] = {}
    completed: set[Node] = set()
    for stay in stays(viewing):
        yield from _Narration(subject, stay, watched.setdefault(stay.node, []), completed).tell()


class _Subject:
    """Whose viewing it was, and of what: the same in all statements of a session."""

    def __init__(self, session: Session, options: Options):
        metadata = session.get("metadata", {})
        self.options = options
        self.actor = {"objectType": "Agent", "account": {"homePage": options.base, "name": viewer(session)}}
        self.registration = _registration(metadata.get("registration"), session["_id"])
        self.film = film(session, options)
        self._title = session["title"]

    def activity(self, node: str | None) -> Statement:
        """Return a node as an activity; a film in one part is its own."""
        return _video(self.film if node is None else f"{self.film}#{_quoted(node)}", node or self._title)

    def context(self, extensions: Statement) -> Statement:
        activities = {"category": [{"id": PROFILE}], "grouping": [_video(self.film, self._title)]}
        named = {name if ":" in name else EXTENSION + name: value for name, value in extensions.items()}
        told = {"registration": self.registration, "contextActivities": activities}
        return told | {"extensions": {f"{EXTENSION}session-id": self.registration} | named}


class _Narration:
    """Tells one visit; `watched` are the stretches of its node so far, of all visits."""

    def __init__(self, subject: _Subject, stay: Stay, watched: list[tuple[float, float]], completed: set[Node]):
        self._subject, self._stay = subject, stay
        self._watched, self._completed = watched, completed
        length = stay.node.length or (subject.options.length and max(subject.options.length, stay.node.furthest))
        self._length = length and round(float(length), 3)
        self._position = 0.0

    def tell(self) -> Iterator[Statement | None]:
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
        said: Statement = {"completion-threshold": self._subject.options.threshold, "speed": f"{_speed(stretches)}x"}
        if entry := self._stay.entry:
            branch = (entry.option, entry.cause, entry.start.id)
            said |= {BRANCH_EXTENSION + name: value for name, value in zip(BRANCH, branch, strict=True)}
        return {name: value for name, value in said.items() if value is not None}

    def _seeked(self, move: Move) -> Statement:
        self._position = move.end
        places = {"time-from": round(move.start, 3), "time-to": round(move.end, 3)}
        return self._statement("seeked", move.at, places, {})

    def _progress(self) -> Statement:
        told: Statement = {"time": round(self._position, 3), "progress": round(self._share(), 3)}
        if self._watched:
            told["played-segments"] = "[,]".join(f"{_short(a)}[.]{_short(b)}" for a, b in self._watched)
        return told

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
        told: Statement = {
            "actor": self._subject.actor,
            "verb": {"id": VERBS[verb], "display": {"en-US": verb}},
            "object": self._subject.activity(self._stay.node.id),
            "context": self._subject.context(context),
            "timestamp": instants.write(at),
        }
        if result is not None:
            told["result"] = {"extensions": {EXTENSION + name: value for name, value in result.items()}}
        if verb == "completed":
            seconds = sum(end - start for start, end in self._watched)
            told["result"] |= {"completion": True, "duration": f"PT{_short(seconds)}S"}
        return {"id": _id(told)} | told


def viewer(session: Session) -> str:
    """Return who watched: the viewer that the metadata name, else the owner."""
    named = session.get("metadata", {}).get("viewerId")
    return named if isinstance(named, str) and named else session["owner"]


def film(session: Session, options: Options) -> str:
    """Return the IRI of what was watched: the videoId where it is one, else one made of it, or of the session's id."""
    video_id = session.get("videoId")
    if video_id is None:
        return options.iri("sessions", session["_id"])
    return video_id if is_iri(video_id) else options.iri("videos", video_id)


def is_iri(text: str) -> bool:
    """Return whether a text is an absolute IRI, without a fragment."""
    return _IRI.fullmatch(text) is not None


def _video(iri: str, name: str) -> Statement:
    definition: Statement = {"type": VIDEO}
    if name:
        definition["name"] = {"und": name}
    return {"objectType": "Activity", "id": iri, "definition": definition}


def _registration(told: object, session_id: str) -> str:
    """Return the registration of a session's statements: the imported one, or one made from the session's id."""
    try:
        return str(uuid.UUID(told)) if isinstance(told, str) else _uuid(bytes.fromhex(session_id))
    except ValueError:
        return _uuid(bytes.fromhex(session_id))


def _uuid(content: bytes) -> str:
    """Return a UUID of 16 bytes; it says that it is random, since the profile's validators take no version 5."""
    return str(uuid.UUID(bytes=content, version=4))


def _id(statement: Statement) -> str:
    """Return a statement's id, made from its content, so that a second export has the same."""
    return _uuid(hashlib.sha256(json.dumps(statement, sort_keys=True).encode()).digest()[:16])


def _speed(stretches: list[tuple[Segment, Move | None]]) -> str:
    """Return the fastest that a visit was played at."""
    return _short(max([1.0, *(_pace(segment) for segment, _ in stretches)]))


def _pace(segment: Segment) -> float:
    """Return the least speed at which a stretch can have been watched in its time."""
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
