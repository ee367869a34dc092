"""What removes sessions unasked by their owners: all of a person's, and those kept longer than the settings allow.

Both go the way of DELETE: a mark in the session's place, then its events; so an append that crosses them is taken back.
"""

import logging
from collections.abc import Callable

from videosession.database import Database
from videosession.errors import DatabaseFailure
from videosession.sessions.repository import MICROSECONDS

log = logging.getLogger(__name__)

DAY_SECONDS = 24 * 3600
SOME_SECONDS = 60  # as long as finding a hundred sessions may take, or removing one's events


class Removal:
    """Removes sessions; `clock` gives microseconds since 1970. Without `retention_days` they are kept for good."""

    def __init__(self, database: Database, clock: Callable[[], int], retention_days: int | None):
        self._database = database
        self._clock = clock
        self._retention_days = retention_days

    def forget(self, *, owner: str) -> int:
        """Remove everything of an owner, and say how many sessions that were; DatabaseAway where it could not be done.

        The marks that stay for a day name nobody; events that could not be removed yet are left to the sweep.
        """
        removed = 0
        while found := self._some({"owner": owner}, "deletedAt"):
            for session in found:
                self._replace({"_id": session["_id"], "owner": owner}, {})
                removed += "deletedAt" not in session
        return removed

    def expire(self) -> None:
        """Remove the sessions in which nothing has happened for longer than they are kept."""
        if self._retention_days is None:
            return
        oldest = self._clock() - self._retention_days * DAY_SECONDS * MICROSECONDS
        # A mark has no createdAt. An append that comes now moves lastEventAt, and then the session stays.
        unused = {"$or": [{"lastEventAt": {"$exists": False}}, {"lastEventAt": {"$lt": oldest}}]}
        query = {"createdAt": {"$lt": oldest}} | unused
        while found := self._some(query, "owner"):
            for session in found:
                self._replace({"_id": session["_id"]} | query, {"owner": session["owner"]})

    def _some(self, query: dict, field: str) -> list[dict]:
        with self._database.deadline(SOME_SECONDS):
            return list(self._database.sessions.find(query, {field: 1}, limit=100))

    def _replace(self, query: dict, kept: dict) -> None:
        """Put a mark in the place of a session that is still so, and remove its events."""
        mark = {"_id": query["_id"], "deletedAt": self._clock()} | kept
        with self._database.deadline():
            if not self._database.sessions.replace_one(query, mark).matched_count:
                return
        try:
            with self._database.deadline(SOME_SECONDS):
                self._database.events.delete_many({"session": query["_id"]})
        except DatabaseFailure as error:
            log.info("the sweep will remove the rest of a removed session's events: %s", error.__cause__)
