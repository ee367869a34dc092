"""Each session's own result, kept in the session's document: there is no copy to find when it changes or goes.

    result    `of`, the revision that it was made from; a random `token`; `packed`, the bytes
    refresh   read the session, then its events → walk → set the result WHERE the revision is as read and it is alive

Nothing matched: something happened meanwhile; what was walked counts, and is not stored.
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
    """Sessions as they were found, without what they are no longer needed for, and which of them are stale."""

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
    """Sessions with their results, and how many could not be reached in time and count as they were."""

    sessions: list[Session]
    pending: int


def is_stale(stored: Stored) -> bool:
    """Return whether a session has changed since its result was made, or has none."""
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
    """Makes sessions' results and keeps them; `timer` gives seconds that never go back."""

    def __init__(
        self, database: Database, sessions: SessionRepository, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._timer = timer

    def refreshed(self, found: Found, *, owner: str, seconds: float = REFRESHING_SECONDS) -> Refreshed:
        """Return sessions with results that cover what has happened in them, as many as the time allows."""
        end = self._timer() + seconds
        sessions: list[Session | None] = list(found.sessions)
        reached = 0
        while reached < len(found.stale) and self._timer() < end:
            places = {found.sessions[place].id: place for place in found.stale[reached : reached + AT_ONCE]}
            made = {stored["_id"]: as_session(stored) for stored in self.make_all(list(places), owner=owner, end=end)}
            is_late = self._timer() >= end
            for session_id, place in places.items():
                if session_id in made or not is_late:
                    sessions[place] = made.get(session_id)  # None if it is gone
            reached += len(made) if is_late else len(places)
        return Refreshed([each for each in sessions if each is not None], max(len(found.stale) - reached, 0))

    def make(self, session_id: str, *, owner: str) -> Stored | None:
        """Walk a session anew, keep its result if nothing happened meanwhile, and return it; None where it is gone."""
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
        """Walk a session and return its revision and its result as bytes; no revision where it is gone."""
        try:
            session, events = self._sessions.timeline_events(session_id, owner=owner)
        except NotFound:
            return None, b""
        return session["revision"], packed(walk(events))


def _unless_changed(stored: Stored, owner: str) -> pymongo.UpdateOne:
    where = {"_id": stored["_id"], "owner": owner, "revision": stored["revision"], **ALIVE}
    return pymongo.UpdateOne(where, {"$set": {"result": stored["result"]}})
