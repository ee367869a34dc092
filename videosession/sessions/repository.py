"""Sessions and their events, stored so that no promise needs a transaction.

A session is one document and each event another. Appending and deleting cross without locks:

    append:  is the session alive? → insert the events → look at the session again: gone meanwhile, take them back
    delete:  put a mark in the session's place → delete its events
    sweep:   delete the events of marked sessions again; drop a mark after a day

The appender writes and then reads the mark; the deleter writes the mark and then deletes: whichever comes first, one
of them sees the other. Every query carries the owner.
"""

import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple, NoReturn

import pymongo
from cachetools import TTLCache
from pymongo.errors import PyMongoError

from videosession.database import DEADLINE_SECONDS, Database, insert
from videosession.errors import Conflict, DatabaseFailure, Fault, Invalid, NotFound
from videosession.sessions.events import FOR_TIMELINE, Events, Selection, Taken, as_sent
from videosession.sessions.idempotency import Keyed, keyed

log = logging.getLogger(__name__)

ALIVE_SECONDS = 10
REMEMBERED_SESSIONS = 10_000
SETTLED_SECONDS = 60  # longer than any append that began before a session was deleted
MARK_KEPT_SECONDS = 24 * 3600
SWEEP_SECONDS = 60
MOST_TRIES = 50  # enough for eight that change one session without a pause
CONTENT = ("title", "description", "videoId", "metadata")  # what is said of a session, and may be changed
MICROSECONDS = 1_000_000

_NO_SESSION = "There is no such session."
_ANOTHER_REQUEST = Fault("", "is not what was first sent with this Idempotency-Key: use another key")
_SESSION_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_ALIVE = {"deletedAt": {"$exists": False}}
_CONTENDED = "Others changed the session at the same moment, each time that it was tried. Nothing was done: try again."
_NEWEST_FIRST = [("createdAt", pymongo.DESCENDING), ("_id", pymongo.DESCENDING)]


Condition = Callable[[dict], None]  # raises where a session, as it was read, is not in the state that was asked for


class Reading(NamedTuple):
    """A session as it was at one moment, and its events in order: lists of them, fetched as they are taken."""

    session: dict
    events: Iterator[list[dict]]


class Page(NamedTuple):
    """A part of a list, and the place of its last item in the list's order; None where nothing comes after it."""

    items: list[dict]
    place: tuple[int, str] | None


class SessionRepository:
    """The sessions of all owners; `clock` gives microseconds since 1970, `timer` seconds that never go back."""

    def __init__(self, database: Database, clock: Callable[[], int], timer: Callable[[], float] = time.monotonic):
        self._database = database
        self._clock = clock
        self._alive = _Alive(timer)
        self._events = Events(database, clock)

    def create(self, *, owner: str, key: str | None = None, **content) -> dict:
        """Store a new session and return it; of `content`, videoId and metadata may be left out.

        Repeated under the same `key`, that is the session made first; Invalid where the content is another, and a
        Conflict where that session has been deleted.
        """
        session = {
            "_id": secrets.token_hex(16),
            "owner": owner,
            **content,
            "createdAt": self._clock(),
            "version": 1,
            "revision": new_revision(),
        }
        with self._database.deadline():
            if request := keyed(key, owner, "sessions", content):
                session |= self._create_once(session | {"_id": request.id(), "fingerprint": request.fingerprint})
            else:
                self._database.sessions.insert_one(session)
        self._alive.add(session["_id"], owner)
        return session

    def _create_once(self, session: dict) -> dict:
        """Store a session under the id that its key gives, or find what is stored there; give what is not content."""
        if not insert(self._database.sessions, [session]):
            return {"_id": session["_id"]}
        found = self._database.sessions.find_one({"_id": session["_id"], "owner": session["owner"]})
        if found is None or "deletedAt" in found:
            raise Conflict("The session that was made with this Idempotency-Key has been deleted: use another key.")
        if found.get("fingerprint") != session["fingerprint"]:
            raise Invalid([_ANOTHER_REQUEST])
        return {field: found[field] for field in ("_id", "createdAt", "version", "revision")}

    def append_one(self, session_id: str, event: dict, *, owner: str, key: str | None = None) -> dict:
        """Store `event` in the session and return it as it will be read; as append, pointing at the event itself."""
        return self._append(session_id, [event], [""], owner, keyed(key, owner, session_id, event))[0]

    def append(self, session_id: str, events: list[dict], *, owner: str, key: str | None = None) -> list[dict]:
        """Store `events` in the session and return them as they will be read; NotFound where there is none.

        An event has a `type`, a `timestamp` (the text as sent, with its microseconds), `data`, and perhaps an
        `eventId`. One that is stored already is not stored again; where an id belongs to an event with other content,
        that is a Conflict, and none of them is stored. Repeated under the same `key`, events without an id of their own
        are those stored first; Invalid where the request is another.
        """
        pointers = [f"/{place}" for place in range(len(events))]
        return self._append(session_id, events, pointers, owner, keyed(key, owner, session_id, events))

    def _append(
        self, session_id: str, events: list[dict], pointers: list[str], owner: str, request: Keyed | None
    ) -> list[dict]:
        _check(session_id)
        documents = self._events.documents(session_id, events, request)
        with self._database.deadline():
            if not self._alive.has(session_id, owner):
                self._look_for(session_id, owner=owner, fields={"_id": 1})
                self._alive.add(session_id, owner)
            try:
                self._events.store(documents)
            except Taken as error:
                self._look_for(session_id, owner=owner, fields={"_id": 1})  # what a deleted one held, nobody learns
                _refuse(error.documents, documents, pointers)
            self._confirm(session_id, documents, owner=owner)
        return [as_sent(document) for document in documents]

    def read(self, session_id: str, *, owner: str, condition: Condition | None = None) -> Reading:
        """Find a session and, where it meets `condition`, begin to read its events; NotFound where there is none.

        The session comes first, so what it says of its revision is never newer than the events.
        """
        _check(session_id)
        with self._database.deadline(self._database.reading_seconds):
            with self._database.deadline(DEADLINE_SECONDS):
                session = self._look_for(session_id, owner=owner, condition=condition)
            return Reading(session, self._in_time(self._events.in_order(Selection(session_id))))

    def check(self, session_id: str, *, owner: str) -> None:
        """Make sure that the session is there; NotFound where it is not."""
        _check(session_id)
        with self._database.deadline():
            self._look_for(session_id, owner=owner, fields={"_id": 1})

    def timeline_events(
        self, session_id: str, *, owner: str, condition: Condition | None = None
    ) -> tuple[dict, Iterator[dict]]:
        """Find a session and, where it meets `condition`, give it and its events one by one, in order.

        The events are as a timeline reads them, with their `instant`. NotFound where there is no session. Each batch
        has a deadline of its own.
        """
        _check(session_id)
        with self._database.deadline():
            session = self._look_for(session_id, owner=owner, condition=condition)
        events = self._in_time(self._events.in_order(Selection(session_id), FOR_TIMELINE))
        return session, chain.from_iterable(events)

    def events(self, session_id: str, *, owner: str, **selected) -> Iterator[list[dict]]:
        """Find a session and begin to read those of its events that a Selection takes; NotFound where there is none."""
        with self._database.deadline(self._database.reading_seconds):
            self.check(session_id, owner=owner)
            return self._in_time(self._events.in_order(Selection(session_id, **selected)))

    def events_page(self, session_id: str, *, owner: str, limit: int, **selected) -> Page:
        """Give up to `limit` of a session's events that a Selection takes, in order; NotFound where there is none."""
        with self._database.deadline(self._database.reading_seconds):
            self.check(session_id, owner=owner)
            found = self._events.first(Selection(session_id, **selected), limit + 1)
        places = [(event.pop("instant"), event.pop("arrival")) for event in found]
        return Page(found[:limit], places[limit - 1] if len(found) > limit else None)

    def event(self, session_id: str, event_id: str, *, owner: str) -> dict:
        """Find an event of a session; NotFound where there is none."""
        with self._database.deadline():
            self.check(session_id, owner=owner)
            event = self._events.one(session_id, event_id)
        if event is None:
            raise NotFound("There is no such event in this session.")
        return event

    def _in_time(self, found: Iterator[list[dict]]) -> Iterator[list[dict]]:
        """Fetch the first batch, so that what fails does before an answer begins; each has a deadline of its own."""

        def fetch() -> list[dict] | None:
            with self._database.deadline(self._database.reading_seconds):
                return next(found, None)

        return chain([fetch() or []], iter(fetch, None))

    def newest(self, *, owner: str, limit: int, after: tuple | None = None, **filters: str) -> Page:
        """Give up to `limit` of an owner's sessions, newest first, those after a place in their order."""
        found: list[dict] = []
        with self._database.deadline():
            for places in _places_before(after):
                if missing := limit + 1 - len(found):
                    query = {"owner": owner} | filters | places
                    found += self._database.sessions.find(query, sort=_NEWEST_FIRST, limit=missing)
        last = found[limit - 1] if len(found) > limit else None
        return Page(found[:limit], last and (last["createdAt"], last["_id"]))

    def look(self, session_id: str, *, owner: str, condition: Condition | None = None) -> dict:
        """Find a session that meets `condition`, without its events; NotFound where there is none."""
        _check(session_id)
        with self._database.deadline():
            return self._look_for(session_id, owner=owner, condition=condition)

    def change(
        self, session_id: str, merge: Callable[[dict], dict], *, owner: str, condition: Condition | None = None
    ) -> dict:
        """Have `merge` make of what is said of a session what is to be said of it, and return the session.

        Nobody else's change is lost: where there is one between reading and writing, this begins again. NotFound,
        Conflict where there always is one, and whatever `merge` and `condition` raise.
        """
        _check(session_id)
        with self._database.deadline():
            for _ in range(MOST_TRIES):
                session = self._look_for(session_id, owner=owner, condition=condition)
                if changed := self._replace_content(session, merge(_content(session))):
                    return changed
        raise Conflict(_CONTENDED)

    def delete(self, session_id: str, *, owner: str, condition: Condition | None = None) -> None:
        """Delete a session: what it said is gone when this returns, its events then or by the sweep.

        With a `condition`, only in a state that meets it.
        """
        _check(session_id)
        with self._database.deadline():
            self._mark_deleted(session_id, owner, condition)
            self._alive.discard(session_id, owner)
            try:
                self._database.events.delete_many({"session": session_id})
            except PyMongoError as error:
                log.info("the sweep will remove the rest of a deleted session's events: %s", error)

    def _replace_content(self, session: dict, content: dict) -> dict | None:
        """Store other content where the session is still of the version that it was read in; None where it is not."""
        kept = {field: value for field, value in session.items() if field not in CONTENT}
        changes = content | {"version": session["version"] + 1}
        removed = {field: "" for field in CONTENT if field in session and field not in content}
        updated = self._database.sessions.update_one(
            {field: session[field] for field in ("_id", "owner", "version")} | _ALIVE,
            {"$set": changes} | ({"$unset": removed} if removed else {}),
        )
        return kept | changes if updated.matched_count else None

    def _mark_deleted(self, session_id: str, owner: str, condition: Condition | None) -> None:
        """Put a mark in the session's place; with a `condition`, in the place of the very state that met it."""
        mark = {"_id": session_id, "owner": owner, "deletedAt": self._clock()}
        query = {"_id": session_id, "owner": owner} | _ALIVE
        for _ in range(MOST_TRIES if condition else 1):
            if condition:
                session = self._look_for(session_id, owner=owner, condition=condition)
                query |= {field: session[field] for field in ("version", "revision")}
            if self._database.sessions.replace_one(query, mark).matched_count:
                return
        raise Conflict(_CONTENDED) if condition else NotFound(_NO_SESSION)

    def sweep(self) -> bool:
        """Remove what deleted sessions left behind; whether nothing is left.

        Safe to run anywhere, any number of times, also at once.
        """
        now, is_done = self._clock(), True
        unswept = {"deletedAt": {"$gt": 0}, "isSwept": {"$exists": False}}
        for mark in self._marks(unswept):
            if not self._sweep_events(mark):
                is_done = False
            elif mark["deletedAt"] < now - SETTLED_SECONDS * MICROSECONDS:
                self._database.sessions.update_one(mark, {"$set": {"isSwept": True}})
        for mark in self._marks({"deletedAt": {"$gt": 0, "$lt": now - MARK_KEPT_SECONDS * MICROSECONDS}}):
            if not self._sweep_events(mark):
                is_done = False
            else:
                self._database.sessions.delete_one(mark)
        return is_done

    def _marks(self, query: dict) -> Iterator[dict]:
        return self._database.sessions.find(query, projection={"deletedAt": 1}, batch_size=100)

    def _sweep_events(self, mark: dict) -> bool:
        """Remove a deleted session's events; whether it could be done. Too much for one sweep holds up no other."""
        try:
            with self._database.deadline(SWEEP_SECONDS):
                self._database.events.delete_many({"session": mark["_id"]})
        except DatabaseFailure as error:
            log.info("a later sweep will remove the rest of a deleted session's events: %s", error.__cause__)
            return False
        return True

    def _look_for(
        self, session_id: str, *, owner: str, fields: dict | None = None, condition: Condition | None = None
    ) -> dict:
        session = self._database.sessions.find_one({"_id": session_id, "owner": owner} | _ALIVE, fields)
        if session is None:
            raise NotFound(_NO_SESSION)
        if condition:
            condition(session)
        return session

    def _confirm(self, session_id: str, documents: list[dict], *, owner: str) -> None:
        """Look at the session again, and move its revision; where it was deleted meanwhile, take the events back."""
        confirmed = self._database.sessions.update_one(
            {"_id": session_id, "owner": owner} | _ALIVE,
            {"$set": {"revision": new_revision()}, "$max": {"lastEventAt": self._clock()}},
        )
        if confirmed.matched_count:
            return
        self._alive.discard(session_id, owner)
        self._events.remove(documents)
        raise NotFound(_NO_SESSION)


def _content(session: dict) -> dict:
    return {field: session[field] for field in CONTENT if field in session}


def _places_before(place: tuple | None) -> list[dict]:
    """Give the queries for what lies before a place, in turn: each reads from its index what it gives and no more."""
    if place is None:
        return [{"createdAt": {"$gt": 0}}]  # the mark of a deleted session has no such field
    created_at, session_id = place
    return [{"createdAt": created_at, "_id": {"$lt": session_id}}, {"createdAt": {"$lt": created_at}}]


class _Alive:
    """The sessions that this process lately saw alive, for their owners: saves an append its first look."""

    def __init__(self, timer: Callable[[], float]):
        self._lock = threading.Lock()
        self._seen = TTLCache(REMEMBERED_SESSIONS, ALIVE_SECONDS, timer)

    def has(self, session_id: str, owner: str) -> bool:
        with self._lock:
            return (session_id, owner) in self._seen

    def add(self, session_id: str, owner: str) -> None:
        with self._lock:
            self._seen[session_id, owner] = True

    def discard(self, session_id: str, owner: str) -> None:
        with self._lock:
            self._seen.pop((session_id, owner), None)


def _check(session_id: str) -> None:
    """Refuse an id that this service never made in the words for one that does not exist, without asking."""
    if not _SESSION_ID.fullmatch(session_id):
        raise NotFound(_NO_SESSION)


def new_revision() -> str:
    """Make what an append moves a session's revision to: by chance, so that no two are alike."""
    return secrets.token_hex(8)


def _refuse(taken: list[dict], documents: list[dict], pointers: list[str]) -> NoReturn:
    """Point at every event whose id is taken."""
    if any("fingerprint" in document for document in taken):
        raise Invalid([_ANOTHER_REQUEST])
    ids = {document["_id"] for document in taken}
    faults = [
        Fault(f"{pointer}/eventId", "is the id of another event of this session")
        for pointer, document in zip(pointers, documents, strict=True)
        if document["_id"] in ids
    ]
    raise Conflict("An event with this id, and with other content, is in this session already: see errors.", faults)
