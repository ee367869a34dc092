"""The repository of sessions and their events; every query contains the owner.

A session is one document that contains its latest events; events that do not fit are documents of their own in `events`
(see appends and removal). Readers read the session first and `events` second, so the session's revision is never newer
than the events.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple

from videosession.database import Database
from videosession.database.batches import insert
from videosession.errors import Conflict, Invalid, NotFound
from videosession.ids import SESSION_ID
from videosession.instants import SECOND
from videosession.sessions import events as stored_events
from videosession.sessions.appends import DUE_SECONDS, NO_SESSION, RECENT_BYTES, Appends, alive, new_revision
from videosession.sessions.events import Events, Selection, Taken
from videosession.sessions.idempotency import ANOTHER_REQUEST, Keyed, keyed, refuse
from videosession.sessions.lists import newest
from videosession.sessions.owed import invalidate, sums_of
from videosession.sessions.reading import Page, Reads
from videosession.sessions.removal import ALIVE, Removal
from videosession.sessions.schemas import CONTENT

MOST_TRIES = 50  # enough for eight clients that change one session without a pause
WITHOUT_EVENTS = {"recent": 0, "ids": 0, "result": 0}
WITHOUT_RESULT = {"ids": 0, "result": 0}

_EVENTS = {"moved": 1, "recent": 1, "beside": 1}
_SESSION_ID = re.compile(SESSION_ID)
_CONTENDED = "Other requests kept changing the session. Nothing was changed: retry."


Condition = Callable[..., None]  # raises if the session that was read does not meet the request's conditions


class Reading(NamedTuple):
    """A session at one moment, and its events in order, in lists that are fetched as they are consumed."""

    session: dict
    events: Iterator[list[dict]]


class SessionRepository:
    """The sessions of all owners; `clock` returns microseconds since 1970, `recent_bytes` bounds `recent`."""

    def __init__(self, database: Database, clock: Callable[[], int], recent_bytes: int = RECENT_BYTES):
        self._database = database
        self._clock = clock
        self._events = Events(database)
        self._reads = Reads(database)
        self._appends = Appends(database, clock, recent_bytes)
        self._removal = Removal(database, clock)

    def create(self, *, owner: str, key: str | None = None, **content) -> dict:
        """Store a new session and return it; in `content`, videoId and metadata are optional.

        Repeated with the same `key`, this returns the session created first; Invalid if the content differs, Conflict
        if that session has been deleted.
        """
        session = {
            "_id": secrets.token_hex(16),
            "owner": owner,
            **content,
            "createdAt": self._clock(),
            "version": 1,
            "revision": new_revision(),
            "moved": 0,
            "due": self._due(),
        }
        with self._database.adding():
            if request := keyed(key, owner, "sessions", content):
                session |= self._create_once(session | {"_id": request.id(), "fingerprint": request.fingerprint})
            else:
                self._database.sessions.insert_one(session)
        return session

    def _create_once(self, session: dict) -> dict:
        """Store a session under the id made from its key, or find the one stored there; return the generated fields."""
        if not insert(self._database.sessions, [session]):
            return {"_id": session["_id"]}
        found = self._database.sessions.find_one({"_id": session["_id"], "owner": session["owner"]}, WITHOUT_EVENTS)
        if found is None or "deletedAt" in found:
            raise Conflict("The session that was created with this Idempotency-Key has been deleted: use another key.")
        if found.get("fingerprint") != session["fingerprint"]:
            raise Invalid([ANOTHER_REQUEST])
        return {field: found[field] for field in ("_id", "createdAt", "version", "revision")}

    def restore(self, session: dict, *, owner: str) -> dict | None:
        """Store a session under the id that it had in another database.

        Returns None if it was stored, otherwise the document that has its id, which may be a tombstone.
        """
        new = session | {"owner": owner, "version": 1, "revision": new_revision(), "moved": 0, "due": self._due()}
        with self._database.adding():
            if not insert(self._database.sessions, [new]):
                return None
            return self._database.sessions.find_one({"_id": session["_id"]}, WITHOUT_EVENTS) or {"deletedAt": 0}

    def _due(self) -> int:
        """Return when a new session's result is due, so that the daily sum of its day includes it."""
        return self._clock() + DUE_SECONDS * SECOND

    def owner_of(self, session_id: str) -> str:
        """Return the owner of a session, for operators; NotFound if there is none."""
        with self._database.deadline():
            found = self._database.sessions.find_one({"_id": session_id} | ALIVE, {"owner": 1})
        if found is None:
            raise NotFound(NO_SESSION)
        return found["owner"]

    def count(self, session_id: str, *, owner: str) -> int:
        """Return the number of a session's events; one that is being moved may be counted twice."""
        _check(session_id)
        with self._database.deadline():
            session = self._look_for(session_id, owner=owner, fields={"recent": 1})
            return len(session.get("recent", [])) + self._events.count(session_id)

    def append_one(self, session_id: str, event: dict, *, owner: str, key: str | None = None) -> dict:
        """Store one event as `append` does, and return it; the pointers of its errors begin at the event."""
        return self._append(session_id, [event], [""], owner, keyed(key, owner, session_id, event))[0]

    def append(self, session_id: str, events: list[dict], *, owner: str, key: str | None = None) -> list[dict]:
        """Store `events` in the session and return them as they will be read; NotFound if there is no session.

        An event has a `type`, a `timestamp` (the text as sent, with its microseconds), `data` and optionally an
        `eventId`. An event that is stored already is not stored again; if its id belongs to an event with other
        content, Conflict is raised, and none of them is stored. Repeated with the same `key`, events without an id are
        the ones stored first; Invalid if the request differs.
        """
        pointers = [f"/{place}" for place in range(len(events))]
        return self._append(session_id, events, pointers, owner, keyed(key, owner, session_id, events))

    def _append(
        self, session_id: str, events: list[dict], pointers: list[str], owner: str, request: Keyed | None
    ) -> list[dict]:
        _check(session_id)
        made = stored_events.made(events, self._clock, request)
        with self._database.adding():
            try:
                self._appends.store(session_id, made, owner=owner)
            except Taken as error:
                refuse(error.events, made, pointers)
        return [stored_events.as_sent(event) for event in made]

    def read(self, session_id: str, *, owner: str, condition: Condition | None = None) -> Reading:
        """Return a session that meets `condition`, and start reading its events; NotFound if there is none."""
        _check(session_id)
        with self._database.deadline():
            session = self._look_for(session_id, owner=owner, fields=WITHOUT_RESULT, condition=condition)
            batches = self._in_order(session, Selection(session_id), stored_events.WITH_PLACE, owner)
            return Reading(session, self._in_time(map(stored_events.bare, batches)))

    def check(self, session_id: str, *, owner: str) -> None:
        """Raise NotFound unless the session exists."""
        _check(session_id)
        with self._database.deadline():
            self._look_for(session_id, owner=owner, fields={"_id": 1})

    def timeline_events(
        self, session_id: str, *, owner: str, condition: Condition | None = None
    ) -> tuple[dict, Iterator[dict]]:
        """Return a session that meets `condition`, and an iterator of its events in order.

        The events have the form that a timeline reads, with their `instant`. NotFound if there is no session. Each
        batch has its own deadline.
        """
        _check(session_id)
        with self._database.deadline():
            session = self._look_for(session_id, owner=owner, fields=WITHOUT_RESULT, condition=condition)
        return session, self._for_timeline(session, owner)

    def timelines(self, session_ids: list[str], *, owner: str) -> Iterator[tuple[dict, Iterator[dict]]]:
        """Yield the existing ones of the sessions, read together, each with its events as timelines read them."""
        where = alive({"$in": session_ids}, owner)
        with self._database.deadline():
            found = list(map(stored_events.unpacked, self._database.sessions.find(where, WITHOUT_RESULT)))
        for session in found:
            yield session, self._for_timeline(session, owner)

    def _for_timeline(self, session: dict, owner: str) -> Iterator[dict]:
        batches = self._in_order(session, Selection(session["_id"]), stored_events.FOR_TIMELINE, owner)
        return chain.from_iterable(self._in_time(map(stored_events.exactly, batches)))

    def events(self, session_id: str, *, owner: str, **selected) -> Iterator[list[dict]]:
        """Return batches of a session's events that match a Selection; NotFound if there is no session."""
        _check(session_id)
        with self._database.deadline():
            session = self._look_for(session_id, owner=owner, fields=_EVENTS)
            batches = self._in_order(session, Selection(session_id, **selected), stored_events.WITH_PLACE, owner)
            return self._in_time(map(stored_events.bare, batches))

    def events_page(self, session_id: str, *, owner: str, limit: int, **selected) -> Page:
        """Return up to `limit` of a session's events that match a Selection, in order; NotFound."""
        _check(session_id)
        selection = Selection(session_id, **selected)
        with self._database.deadline():
            session = self._look_for(session_id, owner=owner, fields=_EVENTS)
            return self._reads.page(session, selection, stored_events.WITH_PLACE, limit)

    def event(self, session_id: str, event_id: str, *, owner: str) -> dict:
        """Return an event of a session; NotFound if there is none."""
        _check(session_id)
        with self._database.deadline():
            session = self._look_for(session_id, owner=owner, fields={"moved": 1, "recent": 1})
            found = [event for event in session.get("recent", []) if event["eventId"] == event_id]
            if not found and session.get("moved") != 0:
                found = [one] if (one := self._events.one(session_id, event_id)) else []
        for event in found:
            return stored_events.as_sent(event)
        raise NotFound("No such event.")

    def _in_order(self, session: dict, selection: Selection, fields: dict, owner: str) -> Iterator[list[dict]]:
        def look() -> None:
            self._look_for(selection.session_id, owner=owner, fields={"_id": 1})

        return self._reads.in_order(session, selection, fields, look)

    def _in_time(self, found: Iterator[list[dict]]) -> Iterator[list[dict]]:
        """Fetch the first batch that has events, so that a failure precedes the answer; each has its own deadline."""

        def fetch(*, is_begun: bool = True) -> list[dict] | None:
            with self._database.deadline(is_begun=is_begun):
                return next(found, None)

        first = fetch(is_begun=False)
        while first is not None and not first:
            first = fetch()
        # chain keeps its arguments alive, but a list's iterator releases the list at its end.
        return chain(iter([first or []]), iter(fetch, None))

    def newest(self, *, owner: str, limit: int, after: tuple | None = None, **filters: str) -> Page:
        """Return up to `limit` of an owner's sessions after a position in their order, newest first."""
        with self._database.deadline():
            return newest(self._database, owner, limit, after, filters, WITHOUT_EVENTS)

    def look(self, session_id: str, *, owner: str, condition: Condition | None = None) -> dict:
        """Return a session that meets `condition`, without its events; NotFound if there is none."""
        _check(session_id)
        with self._database.deadline():
            return self._look_for(session_id, owner=owner, fields=WITHOUT_EVENTS, condition=condition)

    def change(
        self, session_id: str, merge: Callable[[dict], dict], *, owner: str, condition: Condition | None = None
    ) -> dict:
        """Replace a session's fields with the result of `merge`, and return the session.

        No concurrent change is lost: this retries after one. Raises NotFound, Conflict after too many retries, and what
        `merge` and `condition` raise.
        """
        _check(session_id)
        with self._database.adding():
            for _ in range(MOST_TRIES):
                session = self._look_for(session_id, owner=owner, fields=WITHOUT_EVENTS, condition=condition)
                if changed := self._replace_content(session, merge(_content(session))):
                    return changed
        raise Conflict(_CONTENDED)

    def delete(self, session_id: str, *, owner: str, condition: Condition | None = None) -> None:
        """Delete a session: its fields at once, its events at once or in the next sweep.

        With a `condition`, only a session that meets it is deleted.
        """
        _check(session_id)
        with self._database.deadline():
            self._bury(session_id, owner, condition)
            self._removal.remove_events(session_id)

    def _replace_content(self, session: dict, content: dict) -> dict | None:
        """Return the session with its content replaced; None if its version has changed meanwhile."""
        kept = {field: value for field, value in session.items() if field not in CONTENT}
        # Due at once, since the viewer, by which the daily sum counts it, may have changed.
        changes = content | {"version": session["version"] + 1, "due": self._clock()}
        removed = {field: "" for field in CONTENT if field in session and field not in content}
        owed = sums_of(session) if session.get("videoId") != content.get("videoId") else set()
        updated = self._database.sessions.update_one(
            alive(session["_id"], session["owner"]) | {"version": session["version"]},
            {"$set": changes}
            | ({"$unset": removed} if removed else {})
            | ({"$addToSet": {"owes": {"$each": sorted(owed)}}} if owed else {}),
        )
        if not updated.matched_count:
            return None
        invalidate(self._database, owed)
        return kept | changes

    def _bury(self, session_id: str, owner: str, condition: Condition | None) -> None:
        """Replace the session with a tombstone; with a `condition`, only if it has not changed since it met that."""
        query = alive(session_id, owner)
        for _ in range(MOST_TRIES if condition else 1):
            if condition:
                session = self._look_for(session_id, owner=owner, fields=WITHOUT_EVENTS, condition=condition)
                query |= {field: session[field] for field in ("version", "revision")}
            if self._removal.bury(query, {"owner": owner}):
                return
        raise Conflict(_CONTENDED) if condition else NotFound(NO_SESSION)

    def _look_for(
        self, session_id: str, *, owner: str, fields: dict | None = None, condition: Condition | None = None
    ) -> dict:
        session = self._database.sessions.find_one(alive(session_id, owner), fields)
        if session is None:
            raise NotFound(NO_SESSION)
        if condition:
            condition(session)
        return stored_events.unpacked(session)


def _content(session: dict) -> dict:
    return {field: session[field] for field in CONTENT if field in session}


def _check(session_id: str) -> None:
    """Raise NotFound, without a query, for an id that this service cannot have generated."""
    if not _SESSION_ID.fullmatch(session_id):
        raise NotFound(NO_SESSION)
