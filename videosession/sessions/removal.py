"""Removes sessions: deleted by their owner, purged with all data of a person, or expired at the end of retention.

The steps are always the same: a tombstone replaces the session, the daily sums that counted it are invalidated, then
its events are removed. The sweep repeats the last two steps for every tombstone, and drops it after a day. So it also
removes the events that an append or a move leaves behind if its process dies before it checks the session again.
"""

import logging
from collections.abc import Callable, Iterator

from pymongo.errors import PyMongoError

from videosession.database import Database
from videosession.errors import DatabaseFailure
from videosession.instants import SECOND
from videosession.sessions.events import ORDER
from videosession.sessions.owed import invalidate, sums_of

log = logging.getLogger(__name__)

DAY_SECONDS = 24 * 3600
SETTLED_SECONDS = 60  # longer than any append that began before a session was deleted
TOMBSTONE_KEPT_SECONDS = DAY_SECONDS
SOME_SECONDS = 60  # for finding a hundred sessions, or removing the events of one
MOST_CLOCKS_DIFFER_SECONDS = 300
EVENTS_AT_ONCE = 5000  # in one removal, so that other writes can come in between

ALIVE = {"deletedAt": {"$exists": False}}

_INSTANT = {"_id": 0, "instant": 1}
_OWED = {"owner": 1, "videoId": 1, "createdAt": 1, "version": 1, "owes": 1}


class Removal:
    """Removes sessions; `clock` returns microseconds since 1970. Without `retention_days` sessions do not expire.

    `database_clock` replaces the database's own clock, which decides about retention.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], int],
        retention_days: int | None = None,
        database_clock: Callable[[], int | None] | None = None,
    ):
        self._database = database
        self._clock = clock
        self._database_clock = database_clock or database.now
        self._retention_days = retention_days

    def bury(self, query: dict, owner: dict) -> bool:
        """Replace the matching session with a tombstone, and invalidate the sums that counted it.

        Returns whether there was one; `owner` may be {}.
        """
        while (session := self._database.sessions.find_one(query, _OWED)) is not None:
            owed = sums_of(session)
            tombstone = {"_id": query["_id"], "deletedAt": self._clock()} | owner
            # If a PATCH has moved it to another video meanwhile, that video's sum must be invalidated instead.
            as_read = {"version": session.get("version")}
            buried = tombstone | ({"owes": sorted(owed)} if owed else {})
            if self._database.sessions.replace_one(query | as_read, buried).matched_count:
                self._tell(tombstone, owed)
                return True
        return False

    def _tell(self, tombstone: dict, owed: set[str]) -> None:
        if owed:
            invalidate(self._database, owed)
            where = {name: tombstone[name] for name in ("_id", "deletedAt")}
            self._database.sessions.update_one(where, {"$unset": {"owes": ""}})

    def remove_events(self, session_id: str) -> None:
        """Remove a deleted session's events, as many as the deadline allows; the sweep removes the rest."""
        try:
            self._remove_in_ranges(session_id)
        except PyMongoError as error:
            log.info("the sweep will remove the rest of a deleted session's events: %s", error)

    def forget(self, *, owner: str) -> int:
        """Remove everything of an owner, and return the number of sessions; DatabaseFailure if it fails.

        Tombstones stay for a day, but contain no personal data; the sweep removes events that could not be removed yet.
        """
        removed = 0
        while found := self._some({"owner": owner}, "deletedAt"):
            for session in found:
                self._remove({"_id": session["_id"], "owner": owner}, {})
                removed += "deletedAt" not in session
        return removed

    def expire(self) -> bool:
        """Remove the sessions without changes for longer than the retention period.

        Returns False, and removes none, if the database's clock and this machine's disagree: one of them is wrong.
        """
        if self._retention_days is None:
            return True
        if (now := self._agreed_time()) is None:
            return False
        oldest = now - self._retention_days * DAY_SECONDS * SECOND
        # A tombstone has no createdAt. A concurrent append changes lastEventAt, and the session then stays.
        unused = {"$or": [{"lastEventAt": {"$exists": False}}, {"lastEventAt": {"$lt": oldest}}]}
        query = {"createdAt": {"$lt": oldest}} | unused
        while found := self._some(query, "owner"):
            for session in found:
                self._remove({"_id": session["_id"]} | query, {"owner": session["owner"]})
        return True

    def _agreed_time(self) -> int | None:
        """Return the database's time, or log why it cannot be trusted and return None."""
        with self._database.deadline():
            now = self._database_clock()
        if now is None:
            log.error("no session is expired: the database does not tell its time")
            return None
        ahead_seconds = (self._clock() - now) / SECOND
        if abs(ahead_seconds) > MOST_CLOCKS_DIFFER_SECONDS:
            told = f"{abs(ahead_seconds):.0f} s {'ahead of' if ahead_seconds > 0 else 'behind'} the database's"
            log.error("no session is expired: this machine's clock is %s: synchronise both", told)
            return None
        return now

    def sweep(self) -> bool:
        """Remove what deleted sessions left behind, and return whether nothing is left.

        It may run in several processes at once.
        """
        now, is_done = self._clock(), True
        unswept = {"deletedAt": {"$gt": 0}, "isSwept": {"$exists": False}}
        for tombstone in self._tombstones(unswept):
            self._tell(tombstone, set(tombstone.pop("owes", ())))
            if not self._sweep_events(tombstone["_id"]):
                is_done = False
            elif tombstone["deletedAt"] < now - SETTLED_SECONDS * SECOND:
                self._database.sessions.update_one(tombstone, {"$set": {"isSwept": True}})
        for tombstone in self._tombstones({"deletedAt": {"$gt": 0, "$lt": now - TOMBSTONE_KEPT_SECONDS * SECOND}}):
            tombstone.pop("owes", None)
            if not self._sweep_events(tombstone["_id"]):
                is_done = False
            else:
                self._database.sessions.delete_one(tombstone)
        return is_done

    def _tombstones(self, query: dict) -> Iterator[dict]:
        return self._database.sessions.find(query, projection={"deletedAt": 1, "owes": 1}, batch_size=100)

    def _some(self, query: dict, field: str) -> list[dict]:
        with self._database.deadline(SOME_SECONDS):
            return list(self._database.sessions.find(query, {field: 1}, limit=100))

    def _remove(self, query: dict, owner: dict) -> None:
        """Replace the session, if it still matches, with a tombstone, and remove its events."""
        with self._database.deadline():
            is_buried = self.bury(query, owner)
        if is_buried:
            self._sweep_events(query["_id"])

    def _sweep_events(self, session_id: str) -> bool:
        """Remove a deleted session's events, and return whether all are gone; a failure does not stop the sweep."""
        try:
            with self._database.deadline(SOME_SECONDS):
                self._remove_in_ranges(session_id)
        except DatabaseFailure as error:
            log.info("a later sweep will remove the rest of a deleted session's events: %s", error.__cause__)
            return False
        return True

    def _remove_in_ranges(self, session_id: str) -> None:
        """Remove a session's events in ranges, small enough not to hold up other writes."""
        every, options = {"session": session_id}, {"sort": ORDER, "skip": EVENTS_AT_ONCE, "limit": 1}
        # If a find costs as much as it matches, finding the end of a range takes longer than removing all events.
        while not self._database.is_windowed and (end := list(self._database.events.find(every, _INSTANT, **options))):
            self._database.events.delete_many(every | {"instant": {"$lte": end[0]["instant"]}})
        self._database.events.delete_many(every)
