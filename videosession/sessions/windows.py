"""Windows: the range of a session's events that one find reads.

The embedded database sorts all matches of a find before it returns the first. A long session is therefore read in
windows, whose width is estimated from counts that appends keep. Events outside of the estimated range are read, too,
and a window with too many events makes the next ones narrower.
"""

from collections.abc import Iterator

from videosession.database.batches import Batch

LONG_SESSION = 5000  # events in `events`; for fewer, windows are not worth their queries
WIDEST_EVENTS = 20_000  # the most events in a window, if they are spread evenly
WIDER = 4  # times, after a window with few events


class Window:
    """How far a find reaches on an axis of integers; None means without a limit."""

    def __init__(self, count: int, first: int, last: int, size: int, widest: int):
        self._first, self._last, self._size = first, last, size
        self._width = max((last - first) * size // count, 1)
        self._widest = max((last - first) * widest // count, self._width)

    @classmethod
    def of_instants(cls, hint: dict, size: int) -> "Window | None":
        """Return the window of `size` evenly spread events; None if the session is not long."""
        if hint.get("count", 0) < LONG_SESSION:
            return None
        return cls(hint["count"], hint["first"], hint["last"], size, WIDEST_EVENTS)

    @classmethod
    def of_arrivals(cls, hint: dict, size: int) -> "Window | None":
        """Return the same for arrivals at a single instant, which rarely has many events."""
        if hint.get("count", 0) < LONG_SESSION:
            return None
        first, last = clock(hint["firstArrival"]), clock(hint["lastArrival"])
        return None if first is None or last is None else cls(hint["count"], first, last, size, hint["count"])

    def top(self, low: int | None) -> int | None:
        """Return the end of a find that begins at `low`."""
        if low is not None and low > self._last:
            return None
        return max(self._first if low is None else low, self._first) + self._width

    def note(self, count: int, reach: int | None) -> None:
        """Narrow the window after a find that was cut within `reach`, and widen it after one that returned few."""
        if reach is not None:
            self._width = max(
                min(reach, self._width) * 3 // 4, 1
            )  # the reach may begin long before the estimated range
        elif count < self._size // 2:
            self._width = min(WIDER * self._width, self._widest)


class Span:
    """A part of a session's events that one find reads."""

    query: dict

    def fields(self, fields: dict) -> dict:
        """Return the fields that the find must return."""
        return fields

    def note(self, found: Batch) -> list[dict]:
        """Return the events of a batch that can be yielded already."""
        raise NotImplementedError


class Instants(Span):
    """Events from an instant on; after a cut batch, its last instant is read again, since it may have more events."""

    def __init__(self, every: dict, low: int | None, until: int | None, window: Window | None):
        self._window = window
        top = window.top(low) if window else None
        self._top = None if top is None or (until is not None and top >= until) else top
        bounds = {"$gte": low, "$lt": until if self._top is None else self._top}
        given = {operator: bound for operator, bound in bounds.items() if bound is not None}
        self.query = every | ({"instant": given} if given else {})
        self.next: int | None = None
        self.single: int | None = None

    def note(self, found: Batch) -> list[dict]:
        batch = found.documents
        if not found.is_cut:
            self.next = self._top
            if self._window:
                self._window.note(len(batch), None)
            return batch
        first, last = batch[0]["instant"], batch[-1]["instant"]
        if self._window:
            self._window.note(len(batch), last - first)
        if first == last:
            self.single = last
            return []
        self.next = last
        while batch[-1]["instant"] == last:
            batch.pop()
        return batch


class Arrivals(Span):
    """Events of one instant that arrived after another one."""

    def __init__(self, every: dict, instant: int, after: str, window: Window | None):
        self._window, self._after = window, after
        top = window.top(clock(after)) if window else None
        self._top = None if top is None else f"{top:015x}"
        bounds = {"$gt": after} | ({} if self._top is None else {"$lt": self._top})
        self.query = every | {"instant": instant, "arrival": bounds}
        self.next: str | None = None

    def fields(self, fields: dict) -> dict:
        return fields | {"arrival": 1}

    def note(self, found: Batch) -> list[dict]:
        batch, is_cut = found.documents, found.is_cut
        self.next = batch[-1]["arrival"] if is_cut else self._top
        if self._window:
            reach = (clock(batch[-1]["arrival"]) or 0) - (clock(batch[0]["arrival"]) or 0) if is_cut else None
            self._window.note(len(batch), reach)
        return batch


def at_instant(every: dict, instant: int, after: str, window: Window | None) -> Iterator[Arrivals]:
    place_after: str | None = after
    while place_after is not None:
        span = Arrivals(every, instant, place_after, window)
        yield span
        place_after = span.next


def clock(arrival: str) -> int | None:
    """Return the microseconds that an arrival begins with; None if it has another form."""
    try:
        return int(arrival[:15], 16)
    except ValueError:
        return None
