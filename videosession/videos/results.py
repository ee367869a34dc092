"""Each session's own result, kept in the session's document: there is no copy to find when it changes or goes.

    result    `of`, the revision that it was made from; a random `token`; `packed`, the bytes
    refresh   read the session, then its events → walk → set the result WHERE the revision is as read and it is alive

Nothing matched: something happened meanwhile; what was walked counts, and is not stored.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from videosession.database import Database
from videosession.errors import NotFound
from videosession.sessions.repository import SessionRepository
from videosession.timeline import walk
from videosession.video import Session, packed

REFRESHING_SECONDS = 2.0
ALIVE: dict[str, Any] = {"deletedAt": {"$exists": False}}

Stored = dict[str, Any]


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

    def refreshed(self, found: Iterable[Stored], *, owner: str, seconds: float = REFRESHING_SECONDS) -> Refreshed:
        """Return sessions with results that cover what has happened in them, as many as the time allows."""
        end = self._timer() + seconds
        pending = 0

        def take() -> Iterator[Session]:
            nonlocal pending
            for stored in found:
                if not is_stale(stored):
                    yield as_session(stored)
                elif self._timer() >= end:
                    pending += 1
                    yield as_session(stored)
                elif (new := self.make(stored["_id"], owner=owner)) is not None:
                    yield as_session(new)

        return Refreshed(list(take()), pending)

    def make(self, session_id: str, *, owner: str) -> Stored | None:
        """Walk a session anew, keep its result if nothing happened meanwhile, and return it; None where it is gone."""
        try:
            session, events = self._sessions.timeline_events(session_id, owner=owner)
        except NotFound:
            return None
        result = {"of": session["revision"], "token": secrets.token_hex(8), "packed": packed(walk(events))}
        with self._database.deadline():
            self._database.sessions.update_one(
                {"_id": session_id, "owner": owner, "revision": session["revision"], **ALIVE},
                {"$set": {"result": result}},
            )
        return session | {"result": result}

    def walked(self, session_id: str, *, owner: str) -> tuple[str | None, bytes]:
        """Walk a session and return its revision and its result as bytes; no revision where it is gone."""
        try:
            session, events = self._sessions.timeline_events(session_id, owner=owner)
        except NotFound:
            return None, b""
        return session["revision"], packed(walk(events))
