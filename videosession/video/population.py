"""The population: the sessions of a video and a range of time that match the filters and have no excluded anomaly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from videosession.video.results import Result, unpack

IDLE_CLOSES = 30 * 60 * 1_000_000  # microseconds without an event after which a view is over
AGE_CLOSES = 24 * 3600 * 1_000_000

Filters = Mapping[tuple[str, ...], str]  # the steps into the metadata, and the value as text


class Session(NamedTuple):
    """A session as it is stored; instants are microseconds since the Unix epoch."""

    id: str
    created_at: int
    last_event_at: int | None
    metadata: Mapping[str, Any] | None
    packed: bytes | None  # its result, None if it has none yet

    @property
    def viewer(self) -> str:
        """Return the viewer: the viewerId, or without one the session itself."""
        named = (self.metadata or {}).get("viewerId")
        return f"viewer {named}" if isinstance(named, str) and named else f"session {self.id}"

    @property
    def closes_at(self) -> int:
        """Return the instant at which its view counts as closed, even without an event that ends it."""
        idle = (self.created_at if self.last_event_at is None else self.last_event_at) + IDLE_CLOSES
        return min(idle, self.created_at + AGE_CLOSES)


class Counted(NamedTuple):
    """A session of the population with its result."""

    session: Session
    result: Result | None
    is_open: bool


def population(
    sessions: Iterable[Session], now: int, filters: Filters | None = None, without: frozenset[str] = frozenset()
) -> Iterator[Counted]:
    """Return the sessions that count at the instant `now`."""
    for session in sessions:
        if filters and not matches(session.metadata, filters):
            continue
        found = None if session.packed is None else unpack(session.packed)
        if found is None:
            yield Counted(session, None, False)
        elif without.isdisjoint(found.anomalies):
            yield Counted(session, found, not found.ended and now < session.closes_at)


def matches(metadata: Mapping[str, Any] | None, filters: Filters) -> bool:
    return all(_text_at(metadata, steps) == value for steps, value in filters.items())


def _text_at(metadata: object, steps: tuple[str, ...]) -> str | None:
    for step in steps:
        if not isinstance(metadata, Mapping) or step not in metadata:
            return None
        metadata = metadata[step]
    return _json_text(metadata)


def _json_text(value: object) -> str | None:
    """Return a string unchanged, a number or boolean as JSON, and None for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        digits, exponent, power = repr(value).partition("e")
        return f"{digits}e{int(power)}" if exponent else digits
    return str(value) if isinstance(value, str | int) else None
