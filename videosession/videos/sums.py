"""Daily sums of videos with very many sessions: kept, and replaced whole.

    sum       `token`, changed after whatever changes a session of its day; `clean`, the token that it was made under;
              `covers`, the sessions that were due when it was made, each as it was
    rebuild   read the token t → the day's sessions → fold → replace WHERE the version is as read, clean = t
    worker    result → a new token for the session's day and for what it owes → unset `due` and `owes`
    request   the sessions of the range that are due → the days' tokens → rebuild the days that may not know

A sum holds while its token is clean, it covers those of its sessions that are due, and no open view's time has come.
Whatever changes a session or adds one to a day (a new session, an import, an append, a PATCH) sets `due` in its own
update, and `due` goes only after the token; what takes one from a day gives it a new token before it is acknowledged,
and `owes` it until then (see sessions/owed). A crash between any two steps repeats, harmlessly. A request reads no more
than the days that may not know, and unsets nothing.

A day gets its document with the first word of it. Days of sessions that were there before that are noted once, in the
background; until then each request looks for them.
"""

import hashlib
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson
import pymongo
from pymongo.errors import BulkWriteError

from videosession.database import Database
from videosession.database.batches import DUPLICATE
from videosession.instants import SECOND
from videosession.sessions.owed import DAY, sum_id, sums_of, video_key
from videosession.video import Session
from videosession.video.arithmetic import Node
from videosession.video.population import Counted, population
from videosession.video.sums import TOTALS, Packed, are_same, packed_sums
from videosession.videos.results import Found, Results, Stored

SETTLED = 3600 * SECOND  # after a day: clocks differ, and a request takes its time
LARGEST_SUM = 15 * 1024 * 1024  # a document is smaller than 16 MiB
ALL_TIME = 2**62  # microseconds before and after 1970, within which every session was created
NOTED_AT_ONCE = 1_000
FIELDS = {"createdAt": 1, "lastEventAt": 1, "revision": 1, "version": 1, "due": 1, "result": 1, "metadata.viewerId": 1}
_OF_DAY = {"owner": 1, "videoId": 1, "createdAt": 1}
_DUE = {"createdAt": 1, "revision": 1, "version": 1}
_KNOWN = "days"  # the id of the note that each day with sessions has its document

Due = dict[int, list[Stored]]


class Range(NamedTuple):
    """An owner's video in a range of time."""

    owner: str
    video_id: str
    since: int
    until: int

    @property
    def query(self) -> dict[str, Any]:
        created = {"$gte": self.since, "$lt": self.until}
        return {"owner": self.owner, "videoId": self.video_id, "createdAt": created}

    @property
    def key(self) -> str:
        return video_key(self.owner, self.video_id)

    def day(self, day: int) -> "Range":
        return self._replace(since=day, until=day + DAY)

    def hashed(self, viewer: str) -> str:
        """Return a pseudonym for a viewer that is used only in the sums of this video."""
        return hashlib.sha256(f"{self.key} {viewer}".encode()).hexdigest()[:24]


class Day(NamedTuple):
    """The sessions of a day, how many of them are pending, and which were due when they were read."""

    sessions: list[Session]
    pending: int
    covers: str


class Sums:
    """Keeps sums; `clock` returns microseconds since 1970, and `timer` is a monotonic clock, in seconds."""

    def __init__(
        self,
        database: Database,
        results: Results,
        clock: Callable[[], int],
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._results = results
        self._clock = clock
        self.timer = timer
        self._is_known = False

    def invalidate(self, changed: Iterable[Stored]) -> None:
        """Invalidate the sums that count these changed sessions, or did before."""
        change = {"$set": {"token": secrets.token_hex(8)}}
        self._note({(each["owner"], key) for each in changed for key in sums_of(each)}, change)

    def _note(self, sums: set[tuple[str, str]], changes: Stored) -> None:
        """Change these owners' sums; missing ones are created, invalid."""
        updates = []
        for owner, key in sorted(sums):
            new = {"person": _person(owner), "version": secrets.token_hex(8)}
            if "$set" not in changes:
                new["token"] = secrets.token_hex(8)
            updates.append(pymongo.UpdateOne({"_id": key}, changes | {"$setOnInsert": new}, upsert=True))
        for place in range(0, len(updates), NOTED_AT_ONCE):
            with self._database.deadline():
                self._upsert(updates[place : place + NOTED_AT_ONCE])

    def _upsert(self, updates: list[pymongo.UpdateOne]) -> None:
        try:
            self._database.sums.bulk_write(updates, ordered=False)
        except BulkWriteError as error:
            if any(fault["code"] != DUPLICATE for fault in error.details["writeErrors"]):
                raise
            self._database.sums.bulk_write(updates, ordered=False)  # others inserted some at the same moment

    def forget(self, *, owner: str) -> None:
        """Remove all sums of an owner whose sessions are gone; of days that have new ones, all their content."""
        every = {"$or": [{"person": _person(owner)}, {"owner": owner}]}
        content = ("owner", "videoId", "day", "packed", "widths", "count", "covers", "closes", "clean")
        new = {"person": _person(owner), "token": secrets.token_hex(8), "version": secrets.token_hex(8)}
        alive = {"owner": owner, "createdAt": {"$gte": -ALL_TIME, "$lt": ALL_TIME}}
        with self._database.deadline():
            sums, sessions = self._database.sums, self._database.sessions
            sums.update_many(every, {"$set": new, "$unset": dict.fromkeys(content, "")})
            found = list(sums.find({"person": _person(owner)}, {"token": 1}))
            living = {key for each in sessions.find(alive, _OF_DAY, batch_size=NOTED_AT_ONCE) for key in sums_of(each)}
            for each in found:
                if each["_id"] not in living:
                    sums.delete_one(each)  # only with the same token: no session has been added meanwhile

    def know_days(self) -> None:
        """Create the documents of all days with sessions, once. This reads every session, without a deadline."""
        if self._knows_days():
            return
        created = {"createdAt": {"$gte": -ALL_TIME, "$lt": ALL_TIME}}
        with pymongo.timeout(0):
            found = {
                (each["owner"], key)
                for each in self._database.sessions.find(created, _OF_DAY, batch_size=NOTED_AT_ONCE)
                for key in sums_of(each)
            }
        self._note(found, {})
        with self._database.deadline():
            self._database.sums.update_one({"_id": _KNOWN}, {"$set": {"version": ""}}, upsert=True)

    def _knows_days(self) -> bool:
        if not self._is_known:
            with self._database.deadline():
                self._is_known = self._database.sums.find_one({"_id": _KNOWN}, {"_id": 1}) is not None
        return self._is_known

    def kept(self, query: Stored) -> Iterator[Stored]:
        """Yield the stored sums of some videos."""
        with self._database.deadline():
            found = list(self._database.sums.find(query | {"clean": {"$exists": True}}, {"version": 1}))
        for each in found:
            with self._database.deadline():
                stored = self._database.sums.find_one(each)
            if stored is not None:
                yield stored

    def differs(self, stored: Stored) -> bool:
        """Return whether a sum that counts as current differs from one computed from its day's results."""
        day = Range(stored["owner"], stored["videoId"], stored["day"], stored["day"] + DAY)
        if not self._is_current(stored, day):
            return False
        read, now = self.read(day, float("inf")), self._clock()
        made = packed_sums(lambda: population(read.sessions, now), day.hashed, widths_of(stored))
        return not are_same(stored["packed"], made) and self._is_current(stored, day)

    def _is_current(self, stored: Stored, day: Range) -> bool:
        due = self.due(day)
        with self._database.deadline():
            now = self._database.sums.find_one({name: stored[name] for name in ("_id", "version", "token")})
        return now is not None and self.holds(now, due[day.since])

    def due(self, asked: Range) -> Due:
        """Return the due sessions of a range, grouped by day."""
        found: Due = defaultdict(list)
        # SecantusDB uses the index of a query's first condition, and in another order reads all sessions of an owner.
        with self._database.deadline():
            for each in self._database.sessions.find({"due": {"$gt": 0}} | asked.query, _DUE):
                found[each["createdAt"] // DAY * DAY].append(each)
        return found

    def days(self, asked: Range) -> dict[int, Stored]:
        """Return the documents of the days of a range that have, or had, sessions; without the sums themselves."""
        if not self._knows_days():
            self._find_days(asked)
        return self.noted(asked)

    def noted(self, asked: Range) -> dict[int, Stored]:
        """Return the documents of the days of a range."""
        of_video = {"_id": {"$gt": f"{asked.key}:", "$lt": f"{asked.key};"}}
        with self._database.deadline():
            found = list(self._database.sums.find(of_video, {"packed": 0}))
        days = {int(each["_id"].rpartition(":")[2]) * DAY: each for each in found}
        return {day: days[day] for day in sorted(days) if asked.since < day + DAY and day < asked.until}

    def _find_days(self, asked: Range) -> None:
        """Create the documents of the days of a range, by reading all its sessions."""
        day = {"$subtract": ["$createdAt", {"$mod": ["$createdAt", DAY]}]}
        stages = [{"$match": asked.query}, {"$group": {"_id": day}}]
        with self._database.deadline():
            found = list(self._database.sessions.aggregate(stages))
        ids = {sum_id(asked.owner, asked.video_id, int(each["_id"])) for each in found}
        self._note({(asked.owner, key) for key in ids}, {})

    def holds(self, noted: Stored, due: list[Stored]) -> bool:
        """Return whether a sum includes everything acknowledged before the due sessions, then its token, were read."""
        if noted.get("clean", "") != noted.get("token"):
            return False
        covers, closes = noted.get("covers"), noted.get("closes")
        return bool(covers == _covered(due) and (closes is None or self._clock() < closes))

    def packed(self, days: list[Stored], name: str) -> dict[str, Stored]:
        """Return a part of some sums, each with its current version, by their ids."""
        query = {"_id": {"$in": [each["_id"] for each in days]}}
        with self._database.deadline():
            found = list(self._database.sums.find(query, {"version": 1, f"packed.{name}": 1}))
        return {each["_id"]: each for each in found}

    def count(self, noted: Stored, day: Range) -> int:
        """Return the number of a day's sessions, and store it."""
        with self._database.deadline():
            count = self._database.sessions.count_documents(day.query)
            where: Stored = {name: noted[name] for name in ("_id", "version")}
            self._database.sums.update_one(where, {"$set": {"count": count}})
        return int(count)

    def read(self, part: Range, end: float) -> Day:
        """Return the sessions of a day or of a part of it, with results refreshed until `end`."""
        with self._database.deadline():
            found = list(self._database.sessions.find(part.query, FIELDS))
        refreshed = self._results.refreshed(Found(found), owner=part.owner, seconds=max(end - self.timer(), 0))
        return Day(refreshed.sessions, refreshed.pending, _covered(each for each in found if "due" in each))

    def fold(self, part: Range, end: float) -> tuple[list[Counted], int]:
        """Return the population of a part of a range, and how many of its sessions are pending."""
        read = self.read(part, end)
        return list(population(read.sessions, self._clock())), read.pending

    def dropped_if_empty(self, day: Range) -> bool:
        """Remove the document of a day if it has no sessions any more, and return whether that is so."""
        before = self._before(day)
        with self._database.deadline():
            if self._database.sessions.find_one(day.query, {"_id": 1}) is not None:
                return False
            self._database.sums.delete_one(before)
        return True

    def rebuild(
        self, day: Range, widths: Iterable[int], end: float, lengths: Mapping[Node, int] | None = None
    ) -> tuple[Packed | None, int]:
        """Compute the sum of a day again, and store it with the token read before.

        Returns the sum (None without sessions) and the number of pending sessions; with any, the sum is not stored.
        """
        before = self._before(day)
        now = self._clock()
        read = self.read(day, end)
        if not read.sessions:
            with self._database.deadline():
                self._database.sums.delete_one(before)
            return None, 0
        packed = packed_sums(lambda: population(read.sessions, now), day.hashed, widths, lengths)
        if read.pending == 0 and sum(map(len, packed.values())) < LARGEST_SUM:
            self._replace(before, day, read, packed, now)
        return packed, read.pending

    def _before(self, day: Range) -> Stored:
        """Return the id, token and version of a sum; a missing one is created, invalid."""
        key = sum_id(day.owner, day.video_id, day.since)
        while True:
            with self._database.deadline():
                found: Stored | None = self._database.sums.find_one({"_id": key}, {"token": 1, "version": 1})
            if found is not None:
                return found
            self._note({(day.owner, key)}, {})

    def _replace(self, before: Stored, day: Range, read: Day, packed: Packed, now: int) -> None:
        open_ones = [each.session.closes_at for each in population(read.sessions, now) if each.is_open]
        made = {
            "owner": day.owner,
            "videoId": day.video_id,
            "day": day.since,
            "packed": packed,
            "widths": [name for name in packed if name != TOTALS],
            "count": len(read.sessions),
            "covers": read.covers,
            "closes": min(open_ones, default=None),
            "clean": before["token"],
            "version": secrets.token_hex(8),
        }
        where = {name: before[name] for name in ("_id", "version")}
        with self._database.deadline():
            self._database.sums.update_one(where, {"$set": made})


def widths_of(noted: Stored) -> list[int]:
    """Return the widths of a sum's bins, in seconds."""
    return [int(width) for width in noted.get("widths", ())]


def _person(owner: str) -> str:
    """Return a pseudonym for an owner, for sums that may outlive the purge of that owner."""
    return hashlib.sha256(orjson.dumps([owner])).hexdigest()


def _covered(due: Iterable[Stored]) -> str:
    """Return a text that identifies these sessions with their current revisions and versions."""
    states = sorted([each["_id"], each["revision"], each.get("version")] for each in due)
    return hashlib.sha256(orjson.dumps(states)).hexdigest() if states else ""
