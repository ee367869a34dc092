"""Daily sums of videos with very many sessions: kept, and replaced whole.

    sum       `token`, changed by whoever changes a session of its day; `clean`, the token that it was made under
    rebuild   read the token t → the day's sessions → fold → replace WHERE the version is as read, clean = t
    worker    result → a new token for the session's day → unset `due`

A sum holds while its token is clean, no session of its day is due, no open view's time has come, and the day has as
many sessions as it was made of. Whatever changes a session or adds one to a day (a new session, an import, an append, a
PATCH) sets `due` in its own update, and `due` goes only after the token. So under a clean token nothing was added, and
a day that nothing was added to and that has as many sessions as before has lost none: DELETE, purge, retention and a
move to another video need to tell nobody. A crash between any two steps repeats, harmlessly. The last hours are folded,
not kept.
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from pymongo.errors import DuplicateKeyError

from videosession.database import Database
from videosession.errors import BadRequest
from videosession.instants import SECOND
from videosession.video import Plan, Session
from videosession.video.population import Counted, population
from videosession.video.sums import Packed, SummedFilm, packed_sums
from videosession.videos.plans import video_key
from videosession.videos.results import AT_ONCE, Results, Stored

DAY = 24 * 3600 * SECOND
MOST_DAYS = 400
SETTLED = 3600 * SECOND  # after a day: clocks differ, and a request takes its time
LARGEST_SUM = 15 * 1024 * 1024  # a document is smaller than 16 MiB
FIELDS = {"createdAt": 1, "lastEventAt": 1, "revision": 1, "result": 1, "metadata.viewerId": 1}


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

    def day(self, day: int) -> "Range":
        return self._replace(since=day, until=day + DAY)


def sum_id(owner: str, video_id: str, created_at: int) -> str:
    return f"{video_key(owner, video_id)}:{created_at // DAY}"


class Sums:
    """Keeps sums; `clock` gives microseconds since 1970, `timer` seconds that never go back."""

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
        self._timer = timer

    def tell(self, changed: Iterable[Stored]) -> None:
        """Note that sessions have changed: the sums of their days are no longer clean."""
        keys = {sum_id(each["owner"], each["videoId"], each["createdAt"]) for each in changed if "videoId" in each}
        if keys:
            with self._database.deadline():
                told = {"$set": {"token": secrets.token_hex(8)}}
                self._database.sums.update_many({"_id": {"$in": sorted(keys)}}, told)

    def forget(self, *, owner: str) -> None:
        """Remove all sums of an owner."""
        with self._database.deadline():
            self._database.sums.delete_many({"owner": owner})

    def kept(self, query: Stored) -> Iterator[Stored]:
        """Yield the sums that are kept of some videos."""
        with self._database.deadline():
            found = list(self._database.sums.find(query, {"version": 1}))
        for each in found:
            with self._database.deadline():
                stored = self._database.sums.find_one(each)
            if stored is not None:
                yield stored

    def differs(self, stored: Stored) -> bool:
        """Return whether a sum that would be answered with is another than that of its day's results."""
        if stored.get("clean") != stored["token"]:
            return False
        day = Range(stored["owner"], stored["videoId"], stored["day"], stored["day"] + DAY)
        sessions, _ = self._read(day, float("inf"))
        now = self._clock()
        is_another = bool(stored["packed"] != packed_sums(lambda: population(sessions, now), self._hashed(day)))
        return is_another and self._is_current(stored, day)

    def _is_current(self, stored: Stored, day: Range) -> bool:
        same = {name: stored[name] for name in ("_id", "version", "token")}
        with self._database.deadline():
            due = self._database.sessions.count_documents(day.query | {"due": {"$gt": 0}})
            count = self._database.sessions.count_documents(day.query)
            return not due and self._holds(self._database.sums.find_one(same), count)

    def film(
        self, asked: Range, plan: Plan, take: Callable[[list[Stored]], int], seconds: float
    ) -> tuple[SummedFilm, int]:
        """Return the film of a range, and how many sessions of it are pending.

        `take` does for sessions that are due what a worker would.
        """
        end = self._timer() + seconds
        days = self._days(asked)
        pending = self._take_due(asked, take, end)
        kept: list[Packed] = []
        rest: list[Counted] = []
        for place in self._partial(asked, days):
            pending += self._fold(place, rest, end)
        stored = self._stored(asked, days)
        for day, count in days.items():
            key = sum_id(asked.owner, asked.video_id, day)
            packed = stored[key]["packed"] if self._holds(stored.get(key), count) else None
            if packed is None and self._timer() < end:
                packed, missed = self._rebuild(asked.day(day), end)
                pending += missed
            elif packed is None:
                pending += count
                packed = stored.get(key, {}).get("packed")
            if packed is None:  # they count as sessions only
                rest += [Counted(Session("", 0, None, None, None), None, False)] * count
            else:
                kept.append(packed)
        return SummedFilm(kept, rest, self._hashed(asked), plan), pending

    def _days(self, asked: Range) -> dict[int, int]:
        """Return how many sessions there are on each whole and settled day of a range that has any."""
        settled = self._clock() - SETTLED
        stages = [
            {"$match": asked.query},
            {"$group": {"_id": {"$subtract": ["$createdAt", {"$mod": ["$createdAt", DAY]}]}, "count": {"$sum": 1}}},
        ]
        with self._database.deadline():
            found = list(self._database.sessions.aggregate(stages))
        days = {int(each["_id"]): int(each["count"]) for each in found}
        if len(days) > MOST_DAYS:
            raise BadRequest(f"The range of time has sessions on {len(days)} days, and {MOST_DAYS} are the most.")
        return {
            day: count
            for day, count in sorted(days.items())
            if day >= asked.since and day + DAY <= min(asked.until, settled)
        }

    def _partial(self, asked: Range, days: dict[int, int]) -> Iterator[Range]:
        """Yield the parts of a range outside its whole days."""
        if not days:
            yield asked
            return
        first, last = min(days), max(days) + DAY
        if asked.since < first:
            yield asked._replace(until=first)
        if last < asked.until:
            yield asked._replace(since=last)

    def _take_due(self, asked: Range, take: Callable[[list[Stored]], int], end: float) -> int:
        """Do what is due of a range as a worker would; how many could not be done."""
        query = asked.query | {"due": {"$gt": 0}}
        with self._database.deadline():
            due = list(self._database.sessions.find(query, {"owner": 1, "due": 1}))
        done = 0
        for place in range(0, len(due), AT_ONCE):
            if self._timer() >= end:
                break
            done += take(due[place : place + AT_ONCE])
        return len(due) - done

    def _fold(self, part: Range, rest: list[Counted], end: float) -> int:
        sessions, pending = self._read(part, end)
        rest.extend(population(sessions, self._clock()))
        return pending

    def _read(self, part: Range, end: float) -> tuple[list[Session], int]:
        with self._database.deadline():
            found = list(self._database.sessions.find(part.query, FIELDS))
        refreshed = self._results.refreshed(found, owner=part.owner, seconds=max(end - self._timer(), 0))
        return refreshed.sessions, refreshed.pending

    def _stored(self, asked: Range, days: dict[int, int]) -> dict[str, Stored]:
        keys = [sum_id(asked.owner, asked.video_id, day) for day in days]
        with self._database.deadline():
            return {each["_id"]: each for each in self._database.sums.find({"_id": {"$in": keys}})}

    def _holds(self, stored: Stored | None, count: int) -> bool:
        if stored is None or stored.get("clean") != stored["token"] or "packed" not in stored:
            return False
        return bool(stored["count"] == count and (stored["closes"] is None or self._clock() < stored["closes"]))

    def _rebuild(self, day: Range, end: float) -> tuple[Packed, int]:
        """Fold a day again, keep the sum under the token read before, and return it and how many were not reached."""
        key = sum_id(day.owner, day.video_id, day.since)
        before = self._before(key, day)
        now = self._clock()
        sessions, pending = self._read(day, end)
        packed = packed_sums(lambda: population(sessions, now), self._hashed(day))
        if pending == 0 and sum(map(len, packed.values())) < LARGEST_SUM:
            open_ones = [each.session.closes_at for each in population(sessions, now) if each.is_open]
            made = {
                "packed": packed,
                "count": len(sessions),
                "closes": min(open_ones, default=None),
                "clean": before["token"],
                "version": secrets.token_hex(8),
            }
            with self._database.deadline():
                self._database.sums.update_one({"_id": key, "version": before["version"]}, {"$set": made})
        return packed, pending

    def _before(self, key: str, day: Range) -> Stored:
        """Return the token and the version of a sum; one that is not there is made, unclean."""
        with self._database.deadline():
            found: Stored | None = self._database.sums.find_one({"_id": key}, {"token": 1, "version": 1})
            if found is None:
                named = {"owner": day.owner, "videoId": day.video_id, "day": day.since}
                found = {"_id": key, **named, "token": secrets.token_hex(8), "version": "0"}
                try:
                    self._database.sums.insert_one(dict(found))
                except DuplicateKeyError:
                    return self._before(key, day)
        return found

    def _hashed(self, asked: Range) -> Callable[[str], str]:
        salt = video_key(asked.owner, asked.video_id)
        return lambda viewer: hashlib.sha256(f"{salt} {viewer}".encode()).hexdigest()[:24]
