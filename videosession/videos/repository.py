"""The videos of an owner; a video exists only through its sessions and its plan."""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, pairwise
from typing import Any

from cachetools import LRUCache

from videosession.database import Database
from videosession.errors import BadRequest, NotFound
from videosession.sessions.owed import DAY
from videosession.sessions.reading import Page
from videosession.sessions.repository import SessionRepository
from videosession.video import Film, plan_of
from videosession.video.sums import SummedFilm
from videosession.videos.days import Days
from videosession.videos.plans import Plans
from videosession.videos.queries import Steps
from videosession.videos.results import REFRESHING_SECONDS, Found, Results, Stored
from videosession.videos.summarising import Summarising
from videosession.videos.sums import Range, Sums

SUMMED_ABOVE = 20_000
UPKEEP_SECONDS = 1.0
BATCH = 1_000
LARGE_VIDEOS = 1_000  # large videos that are remembered
VIEWER = ("viewerId",)
_RESULT = {"createdAt": 1, "lastEventAt": 1, "revision": 1, "result": 1}


class Asked:
    """A film of the selected sessions, and how many of them are not up to date in its results so far."""

    def __init__(self, film: Film | SummedFilm, pending: int | Days) -> None:
        self.film = film
        self._pending = pending

    @property
    def pending(self) -> int:
        return self._pending if isinstance(self._pending, int) else self._pending.pending


class VideoRepository:
    """Aggregates of videos; `clock` returns microseconds since 1970. One request reads at most `most` sessions."""

    def __init__(
        self, database: Database, sessions: SessionRepository, clock: Callable[[], int], most: int = SUMMED_ABOVE
    ) -> None:
        self._database = database
        self._clock = clock
        self._most = most
        self._large: LRUCache[tuple[str, str], bool] = LRUCache(LARGE_VIDEOS)
        self.plans = Plans(database)
        self.results = Results(database, sessions)
        self.sums = Sums(database, self.results, clock)
        self.summarising = Summarising(database, self.results, self.sums, clock)

    def forget(self, *, owner: str) -> None:
        """Remove the plans and sums of an owner's videos."""
        self.plans.forget(owner=owner)
        self.sums.forget(owner=owner)

    def keep_up(self) -> None:
        """Refresh some of the due results within the time for background work, in case no worker does."""
        for _ in self.summarising.work(UPKEEP_SECONDS, time.monotonic):
            pass

    def newest(self, *, owner: str, limit: int, after: tuple[int, str] | None = None) -> Page:
        """Return up to `limit` videos of an owner, those with the latest sessions first."""
        stages: list[dict[str, Any]] = [
            {"$match": {"owner": owner, "videoId": {"$gt": ""}}},  # from the index alone
            {"$group": {"_id": "$videoId", "sessions": {"$sum": 1}, "last": {"$max": "$createdAt"}}},
        ]
        with self._database.deadline():
            videos = list(self._database.sessions.aggregate(stages))
        videos.sort(key=lambda video: (-video["last"], video["_id"]))
        if after is not None:
            last, video_id = after
            videos = [video for video in videos if (-video["last"], video["_id"]) > (-last, video_id)]
        found = videos[:limit]
        return Page(found, (found[-1]["last"], found[-1]["_id"]) if len(videos) > limit else None)

    def ask(
        self,
        video_id: str,
        *,
        owner: str,
        since: int | None = None,
        until: int | None = None,
        filters: dict[Steps, str] | None = None,
        without: frozenset[str] = frozenset(),
        by: Iterable[Steps] = (),
        refuse: Callable[[], object] | None = None,
    ) -> Asked:
        """Return the film of a video in a range of time; NotFound if the video has neither sessions nor a plan.

        If it is too large for anything but daily sums, and they cannot answer the request, this calls `refuse`.
        """
        filters = filters or {}
        if filters or without or by:
            refuse = self._refuse
        asked = Range(owner, video_id, since or 0, self._clock() + DAY if until is None else until)
        plan = plan_of(stored_plan := self.plans.find(video_id, owner=owner))
        noted = self.sums.noted(asked)
        found = None
        if not self._is_large(asked, noted, is_exact=refuse is not None):
            found = self._stored(asked, noted, [*filters, *by])
        if found is None:
            if refuse is not None:
                refuse()
            days = Days(self.sums, asked, self._clock(), REFRESHING_SECONDS)
            summed = days.film(plan)
            if not summed.totals.sessions and stored_plan is None:
                self._check(video_id, owner)
            return Asked(summed, days)
        if not found.sessions and stored_plan is None:
            self._check(video_id, owner)
        sessions, pending = self.results.refreshed(found, owner=owner)
        return Asked(Film(sessions, self._clock(), plan, filters, without), pending)

    def _refuse(self) -> None:
        raise BadRequest(
            f"The time range has more than {self._most} sessions, the most that can be filtered or compared:"
            " narrow it by 'from' and 'to'."
        )

    def _is_large(self, asked: Range, noted: dict[int, Stored], *, is_exact: bool) -> bool:
        """Return whether there are more sessions than one answer may read, by the counts of its whole days.

        Without counts, the sessions are counted, but only if there once were that many.
        """
        whole = (each for day, each in noted.items() if asked.since <= day and day + DAY <= asked.until)
        is_noted = sum(each.get("count", 0) for each in whole) > self._most
        if not is_exact and is_noted:
            return True
        if not is_noted and asked[:2] not in self._large:
            return False
        count = 0
        for part in self._parts(asked, noted):
            with self._database.deadline():
                count += self._database.sessions.count_documents(part.query, limit=self._most + 1 - count)
            if count > self._most:
                return True
        return False

    def _stored(self, asked: Range, noted: Iterable[int], steps: Iterable[Steps]) -> Found | None:
        """Return the sessions of a range, with their results and the filtered metadata; None if there are too many.

        Each batch has its own deadline.
        """
        found = Found()
        fields = _RESULT | _metadata(steps)
        for part in self._parts(asked, noted):
            sessions = self._database.sessions.find(
                part.query, fields, limit=self._most + 1 - len(found.sessions), batch_size=BATCH
            )
            while batch := self._next(sessions):
                found.add(batch)
            if len(found.sessions) > self._most:
                self._large[asked[:2]] = True
                return None
        return found

    def _parts(self, asked: Range, noted: Iterable[int]) -> Iterator[Range]:
        """Yield the parts of the range to read one after the other: days if a find costs as much as it matches."""
        if not self._database.is_windowed:
            yield asked
            return
        ends = {end for day in noted for end in (day, day + DAY) if asked.since < end < asked.until}
        for since, until in pairwise(sorted({asked.since, asked.until, *ends})):
            yield asked._replace(since=since, until=until)

    def _next(self, sessions: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
        with self._database.deadline():
            return list(islice(sessions, BATCH))

    def _check(self, video_id: str, owner: str) -> None:
        with self._database.deadline():
            if self._database.sessions.find_one({"owner": owner, "videoId": video_id}, {"_id": 1}) is None:
                raise NotFound("There is no such video.")


def _metadata(steps: Iterable[Steps]) -> dict[str, int]:
    """Return the projection of these paths in the metadata; MongoDB accepts only the outer one of nested paths."""
    chosen: list[Steps] = []
    for place in sorted({VIEWER, *steps}):
        if not any(place[: len(outer)] == outer for outer in chosen):
            chosen.append(place)
    return {".".join(("metadata", *place)): 1 for place in chosen}
