"""Stores appended events without transactions, usually by one update of the session's document.

    append    push the events into the session's `recent`, WHERE it is alive, below its bound, and has none of their ids
    move      copy a full session's `recent` events to `events`, then remove them from the session
    large     for a large request: change the revision → insert into `events` → confirm by an update of the session

`moved` is incremented whenever the session's events in `events` change in a way that another request may rely on. An id
is acknowledged only by an update that checks, in one atomic step, that the id is not in `recent` (`ids` has its ids,
since its events are strings), and by `moved`, that `events` has not changed since it was searched for the id. So an
event that was copied or inserted but never confirmed does not count, and a copy may replace it. Ids generated here are
random, and need no search.
"""

import secrets
import threading
from collections.abc import Callable, Iterable

from videosession.database import Database
from videosession.errors import DatabaseUnavailable, NotFound
from videosession.instants import SECOND
from videosession.sessions import events as stored_events
from videosession.sessions.events import Events, Taken, differing, has_own_id, packed, unpacked
from videosession.sessions.recently_seen import Moved, RecentlySeen

DUE_SECONDS = 30  # until the session's result for its video is refreshed, once for all events until then
# About 120 events, so that most sessions are one document. From 4 to 32 KiB an append costs a server about the same.
RECENT_BYTES = 24 * 1024
LARGE_BYTES = (
    16 * 1024
)  # a larger request is inserted into `events`: every second one would otherwise move all the others
MOST_TRIES = 50  # enough for eight clients that change one session without a pause
MOVES_AT_ONCE = 64  # locks of a process: each is for the sessions whose ids hash to it
MOVE_SECONDS = 3
NO_SESSION = "There is no such session."

_STORED = {"moved": 1, "size": 1, "recent": 1}


def alive(session_id: str | dict, owner: str) -> dict:
    """Return the query for an owner's session, or for those that a condition on ids selects, unless deleted."""
    # $all is equality here. For each comparing condition SecantusDB searches all indexes, which took an eighth of an
    # update's time, *measured*.
    return {"_id": session_id, "owner": {"$all": [owner]}, "deletedAt": {"$exists": False}}


def new_revision() -> str:
    """Return a new random revision for a session."""
    return secrets.token_hex(8)


class Appends:
    """Stores events in sessions; `clock` returns microseconds since 1970, and `bound` limits `recent`, in bytes."""

    def __init__(self, database: Database, clock: Callable[[], int], bound: int = RECENT_BYTES):
        self._database = database
        self._clock = clock
        self._bound = bound
        self._moving = [threading.Lock() for _ in range(MOVES_AT_ONCE)]
        self._events = Events(database)
        self._seen = RecentlySeen()

    def store(self, session_id: str, events: list[dict], *, owner: str) -> None:
        """Store the events that are not stored yet: all of them, or none if an id is Taken by another event; NotFound.

        A large request checks the ids before it writes, and never removes what it wrote, since another request may have
        acknowledged it. So if an id is taken between the check and the write, this raises Taken although the other
        events may be stored.
        """
        append = _Append(session_id, alive(session_id, owner), _once_each(events))
        try:
            if append.size < min(self._bound, LARGE_BYTES):
                self._push(append)
            else:
                self._insert(append)
        except NotFound:  # deleted meanwhile: remove what was inserted into `events` since then, too
            if append.beside:
                self._events.remove(session_id, append.beside)
            raise

    def _push(self, append: "_Append") -> None:
        """Store events in the session's document, in one step."""
        moved = self._seen.moved(append.session_id)
        for _ in range(MOST_TRIES):
            beside = self._beside(append) if moved != 0 else set()
            if self._pushed(append, moved, beside):
                return
            session = self._session(append)
            moved = self._see(append, session)
            self._refuse_taken_in(append, session)
            if not append.leave_out(session):
                self._acknowledge(append)
                return
            if session.get("size", 0) >= self._bound:
                moved = self._make_room(append, session, moved)
        raise DatabaseUnavailable

    def _pushed(self, append: "_Append", moved: Moved, beside: set[str]) -> bool:
        """Push the events that are not in `events`; return whether the session still is as it was assumed to be."""
        new = [event for event in append.events if event["eventId"] not in beside]
        where, changes = append.alive, self._changes()
        if append.named:  # including those found in `events`: they must not be in `recent`, too
            where = where | append.unlike(moved)
        if new:
            where = where | {"size": {"$not": {"$gte": self._bound}}}
            ids = [event["eventId"] for event in new]
            changes["$push"] = {"recent": {"$each": list(map(packed, new))}, "ids": {"$each": ids}}
            changes["$inc"] = {"size": stored_events.size(new)}
        if beside:  # increment `moved`, since this request relies on an event in `events`
            changes["$inc"] = changes.get("$inc", {}) | {"moved": 1}
        return self._updated(where, changes)

    def _acknowledge(self, append: "_Append") -> None:
        """Confirm events that the session has already: their first sender may have got an error for them."""
        if not self._updated(append.alive, self._changes()):
            raise NotFound(NO_SESSION)

    def _changes(self) -> dict:
        """Return the changes of every append to its session, whichever way its events are stored."""
        now = self._clock()
        due = now + DUE_SECONDS * SECOND
        return {"$set": {"revision": new_revision()}, "$max": {"lastEventAt": now}, "$min": {"due": due}}

    def _beside(self, append: "_Append") -> set[str]:
        """Return which of the append's ids are in `events`; Taken if another event has one."""
        if not append.named:
            return set()
        found = list(self._events.stored(append.session_id, append.ids))
        if differing(append.named, found):
            append.refuse(self._session(append), found)
        ids = {event["eventId"] for event in found}
        # A copy that was read may still be rolled back; an insert that meets it reports whether it is durable.
        append.beside = [event for event in append.named if event["eventId"] in ids]
        self._events.insert(append.session_id, append.beside)
        return ids

    def _refuse_taken_in(self, append: "_Append", session: dict) -> None:
        """Raise Taken if events in `recent` have the append's ids with other content; include those in `events`."""
        if differing(append.named, session.get("recent", [])):
            append.refuse(
                session, self._events.stored(append.session_id, append.ids) if session.get("moved") != 0 else []
            )

    def _make_room(self, append: "_Append", session: dict, moved: Moved) -> Moved:
        """Move a full session's events, or wait for the thread that does, since only one copy is needed."""
        lock = self._moving[hash(append.session_id) % len(self._moving)]
        if not lock.acquire(blocking=False):
            if not lock.acquire(timeout=MOVE_SECONDS):
                raise DatabaseUnavailable
            lock.release()
            return moved
        try:
            return self._see(append, {"moved": (moved or 0) + 1}) if self._move(append, session) else moved
        finally:
            lock.release()

    def _move(self, append: "_Append", session: dict) -> bool:
        """Move a session's `recent` events to `events`; return False if another process moved them first.

        They are removed from the session only if it is as it was read: every push raises its size. If the session has
        been deleted, the copies are removed.
        """
        recent = session.get("recent", [])
        self._events.copy(append.session_id, recent)
        where = append.alive | {"moved": session.get("moved"), "size": session["size"]}
        cut = {"$set": {"recent": [], "ids": [], "size": 0}, "$inc": {"moved": 1}}
        if self._updated(where, _with_hint(cut, recent, session["size"])):
            return True
        self._remove_if_gone(append, recent)
        return False

    def _insert(self, append: "_Append") -> None:
        """Store a large batch in `events`."""
        moved: Moved = 0
        if append.named:
            session = self._session(append)
            moved = self._see(append, session)
            self._refuse_taken_in(append, session)
            if not append.leave_out(session):
                self._acknowledge(append)
                return
            self._refuse_taken(append, [event for event in append.named if "fingerprint" not in event])
        # The revision changes first, too: after a failure from here on, the earlier ETag must not match new events.
        if not self._updated(append.alive, self._changes()):
            raise NotFound(NO_SESSION)
        self._insert_new(append)
        self._confirm(append, moved)

    def _insert_new(self, append: "_Append") -> None:
        append.beside = append.events
        first_under_key = next((event for event in append.named if "fingerprint" in event), None)
        if first_under_key:  # inserted first, so that one request wins the key
            self._refuse_taken(append, self._events.insert(append.session_id, [first_under_key]))
        others = [event for event in append.events if event is not first_under_key]
        self._refuse_taken(append, self._events.insert(append.session_id, others))

    def _refuse_taken(self, append: "_Append", events: list[dict]) -> None:
        """Raise Taken if the events' ids are stored with other content."""
        if not events:
            return
        found = list(self._events.stored(append.session_id, [event["eventId"] for event in events]))
        if differing(events, found):
            append.refuse(self._session(append), found)

    def _confirm(self, append: "_Append", moved: Moved) -> None:
        """Confirm inserted events; if their session has been deleted meanwhile, remove them."""
        written = append.events
        for _ in range(MOST_TRIES):
            where = append.alive | (append.unlike(moved) if append.named else {})
            changes = _with_hint(self._changes() | {"$inc": {"moved": 1}}, written, append.size)
            if self._updated(where, changes):
                return
            session = self._session(append)
            moved = self._see(append, session)
            for event in differing(append.named, session.get("recent", [])):
                self._events.remove_own(append.session_id, event)
            self._refuse_taken_in(append, session)
            append.leave_out(session)
            self._refuse_taken(append, append.named)
        raise DatabaseUnavailable

    def _remove_if_gone(self, append: "_Append", events: list[dict]) -> None:
        if self._session_or_none(append) is None:
            self._events.remove(append.session_id, events)

    def _updated(self, where: dict, changes: dict) -> bool:
        return bool(self._database.sessions.update_one(where, changes).matched_count)

    def _session(self, append: "_Append") -> dict:
        session = self._session_or_none(append)
        if session is None:
            raise NotFound(NO_SESSION)
        return session

    def _session_or_none(self, append: "_Append") -> dict | None:
        session = self._database.sessions.find_one(append.alive, _STORED)
        return session and unpacked(session)

    def _see(self, append: "_Append", session: dict) -> Moved:
        moved = session.get("moved")
        self._seen.see(append.session_id, moved)
        return moved


class _Append:
    """The events of a request that are still to be stored, and which of them may be stored already."""

    def __init__(self, session_id: str, alive: dict, events: list[dict]):
        self.session_id = session_id
        self.alive = alive
        self.events = events
        self.named = [event for event in events if has_own_id(event)]
        self.size = stored_events.size(events)
        self.beside: list[dict] = []  # events that this request inserted into `events`, or may have

    @property
    def ids(self) -> list[str]:
        return [event["eventId"] for event in self.named]

    def unlike(self, moved: Moved) -> dict:
        """Return the condition that a session has none of these ids, and that its counter is still `moved`."""
        # The last condition is for sessions stored by older versions, with events as documents.
        return {"moved": moved, "ids": {"$nin": self.ids}, "recent.eventId": {"$nin": self.ids}}

    def leave_out(self, session: dict) -> bool:
        """Drop the events that the session has in `recent`; return whether any are left."""
        ids = {event["eventId"] for event in session.get("recent", [])}
        self.events = [event for event in self.events if event["eventId"] not in ids]
        self.named = [event for event in self.named if event["eventId"] not in ids]
        return bool(self.events)

    def refuse(self, session: dict, beside: Iterable[dict]) -> None:
        """Raise Taken for every event whose id another event has, in the session or otherwise in `events`."""
        recent = session.get("recent", [])
        ids = {event["eventId"] for event in recent}
        found = [*recent, *(event for event in beside if event["eventId"] not in ids)]
        if taken := differing(self.named, found):
            raise Taken(taken)


def _once_each(events: list[dict]) -> list[dict]:
    """Return the events without repeated ids; the schema has checked that repeated events are equal."""
    unique: dict[str, dict] = {}
    for event in events:
        unique.setdefault(event["eventId"], event)
    return list(unique.values())


def _with_hint(changes: dict, events: list[dict], size: int) -> dict:
    """Return the changes, with updated counts: how many events, of what size, and between which instants.

    Reads use the counts as estimates; no guarantee depends on them. The instants are medians: an event that a wrong
    clock dated years away from the others would make the estimated density useless.
    """
    if not events:
        return changes
    median = sorted(event["instant"] for event in events)[len(events) // 2]
    arrivals = [event["arrival"] for event in events]
    first = {"beside.first": median, "beside.firstArrival": min(arrivals)}
    last = {"beside.last": median, "beside.lastArrival": max(arrivals)}
    return changes | {
        "$inc": changes["$inc"] | {"beside.count": len(events), "beside.bytes": size},
        "$min": changes.get("$min", {}) | first,
        "$max": changes.get("$max", {}) | last,
    }
