"""Results computed by a worker ahead of requests; each session has in `due` when its result must be refreshed.

    append   its own update sets `due`, if that is not set yet; so do a new session and a PATCH
    worker   lease (move `due` by a minute, where it is unchanged) → make the result
             → invalidate the sum of its day, and those that it owes
             → unset `due` and `owes`, WHERE revision and result are as made, the version is as read, the lease is ours

An append meanwhile moves the revision, a PATCH the version, and `due` stays. A crash leaves the lease to run out: it is
done again.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pymongo

from videosession.database import Database
from videosession.instants import SECOND
from videosession.sessions.appends import DUE_SECONDS
from videosession.videos.results import Results, Stored, is_stale
from videosession.videos.sums import Sums

LEASE_SECONDS = 60
AT_ONCE = 100
TAKEN_AT_ONCE = 25
READ = ("revision", "version")  # what of a session must be as it was read
SUMMARISING_SECONDS = 60  # as long as looking for a hundred may take


class Chosen(NamedTuple):
    """The sessions of an owner's video, or of all owners."""

    owner: str | None = None
    video_id: str | None = None

    @property
    def named(self) -> dict[str, Any]:
        named = {"owner": self.owner, "videoId": self.video_id}
        return {name: value for name, value in named.items() if value is not None}

    @property
    def query(self) -> dict[str, Any]:
        return {"createdAt": {"$gt": 0}} | self.named


class Summarising:
    """Keeps results up to date; `clock` returns microseconds since 1970."""

    def __init__(self, database: Database, results: Results, sums: Sums, clock: Callable[[], int]) -> None:
        self._database = database
        self._results = results
        self._sums = sums
        self._clock = clock

    def due(self, *, at_once: bool = False) -> list[Stored]:
        """Return some of the sessions whose results are due, with `at_once` also those that will be due soon."""
        until = self._clock() + (DUE_SECONDS + LEASE_SECONDS) * SECOND * at_once
        with self._database.deadline(SUMMARISING_SECONDS):
            return list(
                self._database.sessions.find(
                    {"due": {"$lte": until}}, {"owner": 1, "due": 1}, sort=[("due", pymongo.ASCENDING)], limit=AT_ONCE
                )
            )

    def count_due(self) -> int:
        with self._database.deadline(SUMMARISING_SECONDS):
            return int(self._database.sessions.count_documents({"due": {"$gt": 0}}))

    def take(self, due: list[Stored]) -> int:
        """Refresh the results of due sessions, and return how many this worker did."""
        done = 0
        for owner in {each["owner"] for each in due}:
            mine = [each for each in due if each["owner"] == owner]
            for place in range(0, len(mine), TAKEN_AT_ONCE):
                done += self._take(mine[place : place + TAKEN_AT_ONCE], owner)
        return done

    def _take(self, due: list[Stored], owner: str) -> int:
        lease = self._clock() + LEASE_SECONDS * SECOND
        leases = [pymongo.UpdateOne({"_id": each["_id"], "due": each["due"]}, {"$set": {"due": lease}}) for each in due]
        sessions = self._database.sessions
        ids = {"_id": {"$in": [each["_id"] for each in due]}}
        with self._database.deadline():
            sessions.bulk_write(leases, ordered=False)
            leased = [each["_id"] for each in sessions.find(ids | {"due": lease}, {"_id": 1})]
        made = self._results.make_all(leased, owner=owner)
        self._sums.invalidate(made)
        forgotten = [
            pymongo.UpdateOne(
                {"_id": each["_id"], "due": lease, "result.token": each["result"]["token"]}
                | {name: each[name] for name in READ},
                {"$unset": {"due": "", "owes": ""}},
            )
            for each in made
        ]
        if not forgotten:
            return 0
        with self._database.deadline():
            return int(sessions.bulk_write(forgotten, ordered=False).matched_count)

    def work(self, seconds: float, timer: Callable[[], float], *, at_once: bool = False) -> Iterator[Stored]:
        """Refresh due sessions and yield each, until none is due or the time is over."""
        end = timer() + seconds
        seen: set[str] = set()  # so that one that fails does not block the rest
        while new := [each for each in self.due(at_once=at_once) if each["_id"] not in seen]:
            for place in range(0, len(new), TAKEN_AT_ONCE):
                if timer() >= end:
                    return
                some = new[place : place + TAKEN_AT_ONCE]
                seen.update(each["_id"] for each in some)
                self.take(some)
                yield from some

    def chosen(self, chosen: Chosen) -> Iterator[Stored]:
        """Yield the chosen sessions, due or not, in the order of `_id`."""
        last = ""
        fields = {"owner": 1, "revision": 1, "result": 1}
        while True:
            with self._database.deadline(SUMMARISING_SECONDS):
                query = chosen.query | {"_id": {"$gt": last}}
                found = list(self._database.sessions.find(query, fields, sort=[("_id", 1)], limit=AT_ONCE))
            if not found:
                return
            yield from found
            last = found[-1]["_id"]

    def rebuild(self, stored: Stored) -> None:
        """Compute a session's result again unconditionally, and invalidate the sum of its day."""
        made = self._results.make(stored["_id"], owner=stored["owner"])
        if made is not None:
            self._sums.invalidate([made])

    def differs(self, stored: Stored) -> bool:
        """Return whether a result that counts as current differs from one computed from the events."""
        if is_stale(stored):
            return False
        revision, found = self._results.walked(stored["_id"], owner=stored["owner"])
        return revision == stored["revision"] and found != bytes(stored["result"]["packed"])

    def sums_of(self, chosen: Chosen) -> Iterator[Stored]:
        """Yield the stored daily sums."""
        return self._sums.kept(chosen.named)

    def sum_differs(self, stored: Stored) -> bool:
        """Return whether a daily sum that counts as current differs from one computed from its day's results."""
        return self._sums.differs(stored)
