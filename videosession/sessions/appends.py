"""How an append is stored without a transaction: by one update of the session's document, as a rule.

    append    push the events into the session's `recent`, WHERE it is alive, below its bound, and has none of their ids
    move      a full session's `recent` events are copied to `events`, then removed from it
    large     a larger request: move the revision → insert into `events` → confirm by an update of the session

`moved` counts whenever the set of a session's events in `events` changes in a way that somebody relied on. An id is
acknowledged only by an update that saw, in one atomic step, that it is not in `recent` (whose ids are in `ids`: its
events are texts), and by `moved` that nothing happened in `events` since they were searched for it. So an event that
was copied or inserted but never confirmed counts for nothing, and a copy may replace it. Ids made here, by chance, are
nobody else's and need no search.
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

DUE_SECONDS = 30  # until the session's result for its whole video is made again: once for all events until then
# Some 120 events: a session of a hundred is one document. From 4 to 32 KiB an append costs a server about the same.
RECENT_BYTES = 24 * 1024
LARGE_BYTES = 16 * 1024  # a request of more goes beside the session: every second one would move all the others
MOST_TRIES = 50  # enough for eight that change one session without a pause
MOVES_AT_ONCE = 64  # locks of a process: each is for the sessions whose ids hash to it
MOVE_SECONDS = 3
NO_SESSION = "There is no such session."

_STORED = {"moved": 1, "size": 1, "recent": 1}


def alive(session_id: str | dict, owner: str) -> dict:
    """Return the query for a session, or for those that a condition on ids selects, of an owner and not deleted."""
    # By $all, which is equality here, as SecantusDB looks in all indexes for each condition that compares: an eighth
    # of the time of its updates, *measured*.
    return {"_id": session_id, "owner": {"$all": [owner]}, "deletedAt": {"$exists": False}}


def new_revision() -> str:
    """Return what an append moves a session's revision to: by chance, so that no two are alike."""
    return secrets.token_hex(8)


class Appends:
    """Stores events in sessions; `clock` gives microseconds since 1970, `bound` is that of `recent`, in bytes."""

    def __init__(self, database: Database, clock: Callable[[], int], bound: int = RECENT_BYTES):
        self._database = database
        self._clock = clock
        self._bound = bound
        self._moving = [threading.Lock() for _ in range(MOVES_AT_ONCE)]
        self._events = Events(database)
        self._seen = RecentlySeen()

    def store(self, session_id: str, events: list[dict], *, owner: str) -> None:
        """Store what is not stored yet: all of it, or nothing where an id is Taken by another event; or NotFound.

        Above the bound this decides before it writes, and never takes back: another request may have been told that an
        event is stored. So where an id is taken between the two, that is Taken, and the other events may be stored.
        """
        append = _Append(session_id, alive(session_id, owner), _once_each(events))
        try:
            if append.size < min(self._bound, LARGE_BYTES):
                self._push(append)
            else:
                self._insert(append)
        except NotFound:  # deleted meanwhile: what was put beside it since goes, too
            if append.beside:
                self._events.remove(session_id, append.beside)
            raise

    def _push(self, append: "_Append") -> None:
        """Store events in the session itself, in one step."""
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
        """Push what is not beside the session, and return whether the session is still as it was taken to be."""
        new = [event for event in append.events if event["eventId"] not in beside]
        where, changes = append.alive, self._changes()
        if append.named:  # all of them, also those that were found: what is relied on must not be in `recent`, too
            where = where | append.unlike(moved)
        if new:
            where = where | {"size": {"$not": {"$gte": self._bound}}}
            ids = [event["eventId"] for event in new]
            changes["$push"] = {"recent": {"$each": list(map(packed, new))}, "ids": {"$each": ids}}
            changes["$inc"] = {"size": stored_events.size(new)}
        if beside:  # whoever relies on an event beside the session says so
            changes["$inc"] = changes.get("$inc", {}) | {"moved": 1}
        return self._updated(where, changes)

    def _acknowledge(self, append: "_Append") -> None:
        """Acknowledge what the session has already: whoever sent it first may have been told that it may not last."""
        if not self._updated(append.alive, self._changes()):
            raise NotFound(NO_SESSION)

    def _changes(self) -> dict:
        """Return what every append changes in its session, whichever way its events are stored."""
        now = self._clock()
        due = now + DUE_SECONDS * SECOND
        return {"$set": {"revision": new_revision()}, "$max": {"lastEventAt": now}, "$min": {"due": due}}

    def _beside(self, append: "_Append") -> set[str]:
        """Return which of its ids are beside the session; Taken where another event has one."""
        if not append.named:
            return set()
        found = list(self._events.stored(append.session_id, append.ids))
        if differing(append.named, found):
            append.refuse(self._session(append), found)
        ids = {event["eventId"] for event in found}
        # A copy that was read may not last, either: the database says so of an insert that meets it.
        append.beside = [event for event in append.named if event["eventId"] in ids]
        self._events.insert(append.session_id, append.beside)
        return ids

    def _refuse_taken_in(self, append: "_Append", session: dict) -> None:
        """Compare with what a session has in `recent`; where that refuses one, tell of those beside it, too."""
        if differing(append.named, session.get("recent", [])):
            append.refuse(
                session, self._events.stored(append.session_id, append.ids) if session.get("moved") != 0 else []
            )

    def _make_room(self, append: "_Append", session: dict, moved: Moved) -> Moved:
        """Move a full session's events, or wait for the thread that does: many would copy all of them for nothing."""
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
        """Move the `recent` events of a session, as it was read, beside it; return whether nobody else did so first.

        It is cut only as it was read: every push raises its size. What is gone with its session leaves no copy.
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
        """Store a large batch beside the session."""
        moved: Moved = 0
        if append.named:
            session = self._session(append)
            moved = self._see(append, session)
            self._refuse_taken_in(append, session)
            if not append.leave_out(session):
                self._acknowledge(append)
                return
            self._refuse_taken(append, [event for event in append.named if "fingerprint" not in event])
        # Moved before as well: what fails from here on must not show under the tag of what was there before.
        if not self._updated(append.alive, self._changes()):
            raise NotFound(NO_SESSION)
        self._insert_new(append)
        self._confirm(append, moved)

    def _insert_new(self, append: "_Append") -> None:
        append.beside = append.events
        first_under_key = next((event for event in append.named if "fingerprint" in event), None)
        if first_under_key:  # goes in first, so that one request wins the key
            self._refuse_taken(append, self._events.insert(append.session_id, [first_under_key]))
        others = [event for event in append.events if event is not first_under_key]
        self._refuse_taken(append, self._events.insert(append.session_id, others))

    def _refuse_taken(self, append: "_Append", events: list[dict]) -> None:
        """Compare events with what is stored under their ids."""
        if not events:
            return
        found = list(self._events.stored(append.session_id, [event["eventId"] for event in events]))
        if differing(events, found):
            append.refuse(self._session(append), found)

    def _confirm(self, append: "_Append", moved: Moved) -> None:
        """Acknowledge what was inserted; where its session was deleted meanwhile, take it back."""
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
    """What is still to be stored of a request, and which of it may be stored already."""

    def __init__(self, session_id: str, alive: dict, events: list[dict]):
        self.session_id = session_id
        self.alive = alive
        self.events = events
        self.named = [event for event in events if has_own_id(event)]
        self.size = stored_events.size(events)
        self.beside: list[dict] = []  # what this request put beside the session, or may have

    @property
    def ids(self) -> list[str]:
        return [event["eventId"] for event in self.named]

    def unlike(self, moved: Moved) -> dict:
        """Ask for a session in which nothing happened to these ids since its counter was `moved`."""
        # The latter for events that lie there as documents, as they once did.
        return {"moved": moved, "ids": {"$nin": self.ids}, "recent.eventId": {"$nin": self.ids}}

    def leave_out(self, session: dict) -> bool:
        """Leave out what the session has in `recent`, and return whether anything is left."""
        ids = {event["eventId"] for event in session.get("recent", [])}
        self.events = [event for event in self.events if event["eventId"] not in ids]
        self.named = [event for event in self.named if event["eventId"] not in ids]
        return bool(self.events)

    def refuse(self, session: dict, beside: Iterable[dict]) -> None:
        """Refuse every event whose id is another's: in the session or, where it is not there, beside it."""
        recent = session.get("recent", [])
        ids = {event["eventId"] for event in recent}
        found = [*recent, *(event for event in beside if event["eventId"] not in ids)]
        if taken := differing(self.named, found):
            raise Taken(taken)


def _once_each(events: list[dict]) -> list[dict]:
    """Leave out what has the id of an event before it: the contract has seen that it is the same."""
    unique: dict[str, dict] = {}
    for event in events:
        unique.setdefault(event["eventId"], event)
    return list(unique.values())


def _with_hint(changes: dict, events: list[dict], size: int) -> dict:
    """Note how many events of what size are beside a session, and between which instants.

    Reads go by it; no promise rests on it.
    """
    if not events:
        return changes
    instants, arrivals = ([event[field] for event in events] for field in ("instant", "arrival"))
    first = {"beside.first": min(instants), "beside.firstArrival": min(arrivals)}
    last = {"beside.last": max(instants), "beside.lastArrival": max(arrivals)}
    return changes | {
        "$inc": changes["$inc"] | {"beside.count": len(events), "beside.bytes": size},
        "$min": changes.get("$min", {}) | first,
        "$max": changes.get("$max", {}) | last,
    }
