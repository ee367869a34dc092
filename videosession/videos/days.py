"""The days of a range of time by their daily sums, which are rebuilt if they may be out of date."""

from collections.abc import Iterable, Iterator, Mapping

from videosession.errors import BadRequest
from videosession.sessions.owed import DAY
from videosession.video import Plan, Session
from videosession.video.arithmetic import Node
from videosession.video.population import Counted
from videosession.video.sums import TOTALS, Packed, SummedFilm
from videosession.videos.results import Stored
from videosession.videos.sums import SETTLED, Range, Sums, widths_of

MOST_DAYS = 400
COUNTING_SECONDS = 0.5  # for days of which nothing is known yet, after the time for making sums
_UNREAD = Counted(Session("", 0, None, None, None), None, False)  # counted as a session, without its result


class Days:
    """The daily sums of a range, rebuilt within a time limit if necessary."""

    def __init__(self, sums: Sums, asked: Range, now: int, seconds: float) -> None:
        self._sums = sums
        self._asked = asked
        self._end = sums.timer() + seconds
        self._due = sums.due(asked)  # before the tokens, which cover the sessions that are no longer due
        noted = sums.days(asked)
        self._noted = self._with_sessions(noted | {day: {} for day in self._due if day not in noted})
        settled = min(asked.until, now - SETTLED)
        self._whole = [day for day in sorted(self._noted) if asked.since <= day and day + DAY <= settled]
        self._pending: dict[int, int] = {}  # by the instant where a day, or a part of one, begins
        self._kept: dict[int, Packed] = {}
        self._versions: dict[int, str] = {}  # of those that were read, not made
        self._packed: list[Packed] = []

    @property
    def pending(self) -> int:
        """Return how many sessions are not up to date in the results so far."""
        return sum(self._pending.values())

    def film(self, plan: Plan) -> SummedFilm:
        """Return the film of the range; its bins are read, or computed, when they are needed."""
        rest = [counted for part in self._parts() for counted in self._fold(part)]
        noted = [self._noted[day] for day in self._whole]
        stored = self._sums.packed([each for each in noted if "clean" in each], TOTALS)
        widths = {width for each in noted for width in widths_of(each)}
        for day in self._whole:
            is_fresh = self._sums.holds(self._noted[day], self._due[day])
            if not is_fresh and self._has_time():
                self._rebuild(day, widths)
                continue
            if found := stored.get(self._noted[day].get("_id", "")):
                self._kept[day], self._versions[day] = found["packed"], found["version"]
            if not is_fresh:
                count = self._count(day)
                self._pending[day] = count or 1
                rest += [_UNREAD] * (0 if found else count)
        self._packed = list(self._kept.values())
        return SummedFilm(self._packed, rest, self._asked.hashed, plan, self._widen)

    def _with_sessions(self, noted: dict[int, Stored]) -> dict[int, Stored]:
        """Return the days; if they are too many, only those that still have sessions; refuse too many of these."""
        if len(noted) > MOST_DAYS:
            fresh = {day for day, each in noted.items() if self._sums.holds(each, self._due[day])}
            noted = {
                day: each
                for day, each in noted.items()
                if day in fresh or not self._sums.dropped_if_empty(self._asked.day(day))
            }
        if len(noted) > MOST_DAYS:
            raise BadRequest(f"The time range has sessions on {len(noted)} days, but at most {MOST_DAYS} are allowed.")
        return noted

    def _parts(self) -> Iterator[Range]:
        """Yield the parts of the range outside its whole days that may have sessions."""
        first, last = (self._whole[0], self._whole[-1] + DAY) if self._whole else (self._asked.until,) * 2
        for part in (self._asked._replace(until=first), self._asked._replace(since=max(last, self._asked.since))):
            if any(part.since < day + DAY and day < part.until for day in self._noted):
                yield part

    def _fold(self, part: Range) -> Iterable[Counted]:
        counted, self._pending[part.since] = self._sums.fold(part, self._end)
        return counted

    def _has_time(self) -> bool:
        return self._sums.timer() < self._end

    def _count(self, day: int) -> int:
        """Return how many sessions a day has, or had when they were last counted; 0 if there is no time to count."""
        noted = self._noted[day]
        if "count" in noted:
            return int(noted["count"])
        is_late = self._sums.timer() > self._end + COUNTING_SECONDS
        return len(self._due[day]) if is_late or not noted else self._sums.count(noted, self._asked.day(day))

    def _rebuild(self, day: int, widths: Iterable[int], lengths: Mapping[Node, int] | None = None) -> None:
        packed, self._pending[day] = self._sums.rebuild(self._asked.day(day), widths, self._end, lengths)
        self._versions.pop(day, None)
        self._kept.pop(day, None)
        if packed is not None:
            self._kept[day] = packed

    def _widen(self, width: int, lengths: Mapping[Node, int]) -> bool:
        """Add bins of a width, in seconds, and return whether sums were rebuilt for them and have changed."""
        lacking = [day for day, packed in self._kept.items() if str(width) not in packed]
        read = [self._noted[day] for day in lacking if day in self._versions]
        stored = self._sums.packed(read, str(width)) if read else {}
        totals = {day: packed[TOTALS] for day, packed in self._kept.items()}
        for day in lacking:
            found = stored.get(self._noted[day].get("_id", ""))
            is_same = found is not None and found["version"] == self._versions.get(day)
            if found is not None and is_same and str(width) in found.get("packed", {}):
                self._kept[day] |= found["packed"]
            elif self._has_time():
                self._rebuild(day, {*widths_of(self._noted[day]), width}, lengths)
            else:
                self._pending[day] = self._count(day) or 1
        self._packed[:] = self._kept.values()
        return totals != {day: packed[TOTALS] for day, packed in self._kept.items()}
