"""Each session's own result, stored in the session's document, so that no copy is left when it changes or is deleted.

    result    `of`, the revision that it was computed from; a random `token`; `packed`, the bytes
    refresh   read the session, then its events → walk → set the result WHERE the revision is as read and it is alive

If the update matches nothing, the session has changed meanwhile; the result is then used, but not stored.
"""

import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NamedTuple

import pymongo

from videosession.database import Database
from videosession.errors import NotFound
from videosession.sessions.repository import SessionRepository
from videosession.timeline import walk
from videosession.video import Session, packed

REFRESHING_SECONDS = 2.0
AT_ONCE = 25  # that are read and written at once
ALIVE: dict[str, Any] = {"deletedAt": {"$exists": False}}

Stored = dict[str, Any]


class Found:
    """The sessions that were found, reduced to the fields that are still needed, and which of them are stale."""

    def __init__(self, stored: Iterable[Stored] = ()) -> None:
        self.sessions: list[Session] = []
        self.stale: list[int] = []
        self.add(stored)

    def add(self, found: Iterable[Stored]) -> None:
        for stored in found:
            if is_stale(stored):
                self.stale.append(len(self.sessions))
            self.sessions.append(as_session(stored))


class Refreshed(NamedTuple):
    """Sessions with their results, and the number of those that were not refreshed in time and count as they were."""

    sessions: list[Session]
    pending: int


def is_stale(stored: Stored) -> bool:
    """Return whether a session has changed since its result was computed, or has none."""
    result = stored.get("result")
    return result is None or result["of"] != stored["revision"]


def as_session(stored: Stored) -> Session:
    result = stored.get("result")
    return Session(
        stored["_id"],
        stored["createdAt"],
        stored.get("lastEventAt"),
        stored.get("metadata"),
        None if result is None else result["packed"],
    )


class Results:
    """Computes and stores sessions' results; `timer` is a monotonic clock, in seconds."""

    def __init__(
        self, database: Database, sessions: SessionRepository, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._timer = timer

    def refreshed(self, found: Found, *, owner: str, seconds: float = REFRESHING_SECONDS) -> Refreshed:
        """Return the sessions with their results, refreshed if stale, as far as the time allows."""
        end = self._timer() + seconds
        sessions: list[Session | None] = list(found.sessions)
        reached = 0
        while reached < len(found.stale) and self._timer() < end:
            places = {found.sessions[place].id: place for place in found.stale[reached : reached + AT_ONCE]}
            made = {stored["_id"]: as_session(stored) for stored in self.make_all(list(places), owner=owner, end=end)}
            is_late = self._timer() >= end
            for session_id, place in places.items():
                if session_id in made or not is_late:
                    sessions[place] = made.get(session_id)  # None if it has been deleted
            reached += len(made) if is_late else len(places)
        return Refreshed([each for each in sessions if each is not None], max(len(found.stale) - reached, 0))

    def make(self, session_id: str, *, owner: str) -> Stored | None:
        """Compute a session's result, store it if nothing has changed meanwhile, and return it; None if deleted."""
        return next(iter(self.make_all([session_id], owner=owner)), None)

    def make_all(self, session_ids: list[str], *, owner: str, end: float = float("inf")) -> list[Stored]:
        """Make several results, read and written together, and return the sessions that are there.

        After the time `end` no other is begun: each may have any number of events.
        """
        made = []
        for session, events in self._sessions.timelines(session_ids, owner=owner):
            with suppress(NotFound):  # it has been deleted while its events were read
                result = {"of": session["revision"], "token": secrets.token_hex(8), "packed": packed(walk(events))}
                made.append(session | {"result": result})
            if self._timer() >= end:
                break
        if made:
            updates = [_unless_changed(stored, owner) for stored in made]
            with self._database.deadline():
                self._database.sessions.bulk_write(updates, ordered=False)
        return made

    def walked(self, session_id: str, *, owner: str) -> tuple[str | None, bytes]:
        """Return a session's revision and its result as bytes, computed from the events; no revision if deleted."""
        try:
            session, events = self._sessions.timeline_events(session_id, owner=owner)
        except NotFound:
            return None, b""
        return session["revision"], packed(walk(events))


def _unless_changed(stored: Stored, owner: str) -> pymongo.UpdateOne:
    where = {"_id": stored["_id"], "owner": owner, "revision": stored["revision"], **ALIVE}
    return pymongo.UpdateOne(where, {"$set": {"result": stored["result"]}})
