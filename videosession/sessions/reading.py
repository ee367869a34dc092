"""A session's events in order, from both places, a batch at a time.

Each batch is a find of its own that begins after the last one's place: a cursor that lived across batches would have
one time limit for all of them (MongoDB counts maxTimeMS over the whole cursor), and would not survive a failover.
Between batches the session is looked at again: after it has been deleted nothing of it is read any more.

The embedded database sorts all that a find matches before it gives the first. There a long session is read in windows,
whose width comes from what its appends noted of it. Nothing rests on that: what lies outside is asked for, too, and a
window that was too full makes the next ones narrower.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple

from videosession.database import Batch, Database, find_batch
from videosession.sessions.events import ORDER, Selection, in_order, place

EVENTS_A_BATCH = 2001  # one more than two thousand, so that a batch that is not full is known to be the last
BYTES_A_BATCH = 2 * 2**20  # that a stream holds at once, a few times over
LEAST_A_BATCH = 4  # of the largest events, four megabytes
LONG_SESSION = 5000  # events beside a session from which on windows are worth their queries
WIDEST_EVENTS = 20_000  # a window is no wider than so many events are where they are spread evenly
WIDER = 4  # times, after a window with little in it


class First(NamedTuple):
    """The first events of a session in order, with their places, and whether more come after them."""

    events: list[dict]
    are_more: bool


class Reads:
    """Reads the events of sessions that were read before; `events_a_batch` is how many a find gives at most."""

    def __init__(self, database: Database, events_a_batch: int = EVENTS_A_BATCH):
        self._database = database
        self._size = events_a_batch

    def in_order(
        self, session: dict, selection: Selection, fields: dict, look: Callable[[], object]
    ) -> Iterator[list[dict]]:
        """Yield the selected events in batches, with these fields; `look` fails where the session is gone."""
        recent = session.pop("recent", [])
        selected = in_order(filter(selection.takes, recent))
        if session.get("moved") == 0:
            return iter([selected])
        if not recent:  # then nothing is put between them, and their places need not come along
            fields = {field: 1 for field in fields if field != "arrival"} | {"_id": 0}
        beside = self._beside(session, selection, fields, look)
        return _merged(beside, selected, {event["eventId"] for event in recent})

    def first(self, session: dict, selection: Selection, fields: dict, count: int) -> First:
        """Return the selected events that come first, `count` at most."""
        recent = session.get("recent", [])
        found = list(filter(selection.takes, recent))
        is_cut = False
        if session.get("moved") != 0:
            ids = {event["eventId"] for event in recent}
            beside, is_cut = self._first_beside(session, selection, fields, count + 1 + len(ids))
            if is_cut:  # what comes after the last of them is not all there
                found = [event for event in found if place(event) < place(beside[-1])]
            found += [event for event in beside if event["eventId"] not in ids]
        found = in_order(found)
        return First(found[:count], is_cut or len(found) > count)

    def _first_beside(self, session: dict, selection: Selection, fields: dict, count: int) -> tuple[list[dict], bool]:
        found: list[dict] = []
        for span in self._spans(session, selection, 2 * count):
            batch = self._find(span, fields, count - len(found))
            found += batch.documents
            if batch.is_cut:
                return found, True
            span.note(batch)
        return found, False

    def _beside(
        self, session: dict, selection: Selection, fields: dict, look: Callable[[], object]
    ) -> Iterator[list[dict]]:
        """Yield the selected events beside a session in batches, of as many as there is room for by their size."""
        hint = session.get("beside", {})
        size = self._fitting(hint.get("bytes", 0), hint.get("count", 0))
        is_first = True
        for span in self._spans(session, selection, size * 3 // 4):
            batch = self._find(span, fields, size)
            if not is_first:
                look()
            is_first = False
            if batch.documents:
                size = self._fitting(batch.size, len(batch.documents))
            yield span.note(batch)

    def _fitting(self, size: int, count: int) -> int:
        """Return how many events a batch may have, where so many are of this size."""
        return max(min(BYTES_A_BATCH * count // size, self._size), LEAST_A_BATCH) if size else self._size

    def _find(self, span: "_Span", fields: dict, count: int) -> Batch:
        return find_batch(self._database.events, span.query, span.fields(fields), ORDER, count)

    def _spans(self, session: dict, selection: Selection, size: int) -> Iterator["_Span"]:
        """Yield what to ask for, in turn; each is told what was found before the next one is asked for."""
        every = {"session": selection.session_id} | ({} if selection.type is None else {"type": selection.type})
        low = selection.since
        hint = session.get("beside", {}) if self._database.is_windowed else {}
        if selection.after is not None:
            instant, arrival = selection.after
            yield from _at_instant(every, instant, arrival, _Window.of_arrivals(hint, size))
            low = instant + 1
        window = _Window.of_instants(hint, size)
        while True:
            span = _Instants(every, low, selection.until, window)
            yield span
            if span.single is not None:
                yield from _at_instant(every, span.single, "", _Window.of_arrivals(hint, size))
                low = span.single + 1
            elif span.next is None:
                return
            else:
                low = span.next


class _Window:
    """How far a find reaches on an axis of whole numbers; None for as far as there is anything."""

    def __init__(self, count: int, first: int, last: int, size: int, widest: int):
        self._first, self._last, self._size = first, last, size
        self._width = max((last - first) * size // count, 1)
        self._widest = max((last - first) * widest // count, self._width)

    @classmethod
    def of_instants(cls, hint: dict, size: int) -> "_Window | None":
        """Reach as far as `size` events do where they are spread evenly; None where the session is not that long."""
        if hint.get("count", 0) < LONG_SESSION:
            return None
        return cls(hint["count"], hint["first"], hint["last"], size, WIDEST_EVENTS)

    @classmethod
    def of_arrivals(cls, hint: dict, size: int) -> "_Window | None":
        """Do the same by the clock that arrivals begin with: for one instant, at which hardly ever many are."""
        if hint.get("count", 0) < LONG_SESSION:
            return None
        first, last = clock(hint["firstArrival"]), clock(hint["lastArrival"])
        return None if first is None or last is None else cls(hint["count"], first, last, size, hint["count"])

    def top(self, low: int | None) -> int | None:
        """Return where a find from `low` on ends."""
        if low is not None and low > self._last:
            return None
        return max(self._first if low is None else low, self._first) + self._width

    def note(self, count: int, reach: int | None) -> None:
        """Be narrower after a find that was cut after so many, within a `reach`, and wider after one of few."""
        if reach is not None:
            self._width = max(reach * 3 // 4, 1)
        elif count < self._size // 2:
            self._width = min(WIDER * self._width, self._widest)


class _Span:
    """A part of a session's events that one find asks for."""

    query: dict

    def fields(self, fields: dict) -> dict:
        """Return the fields that the find must give."""
        return fields

    def note(self, found: Batch) -> list[dict]:
        """Return what of a batch may be given already."""
        raise NotImplementedError


class _Instants(_Span):
    """From an instant on. Of a batch that was cut, the last instant's events are asked for again: more may be there."""

    def __init__(self, every: dict, low: int | None, until: int | None, window: _Window | None):
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


class _Arrivals(_Span):
    """Those of one instant that arrived after another."""

    def __init__(self, every: dict, instant: int, after: str, window: _Window | None):
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


def _at_instant(every: dict, instant: int, after: str, window: _Window | None) -> Iterator[_Arrivals]:
    place_after: str | None = after
    while place_after is not None:
        span = _Arrivals(every, instant, place_after, window)
        yield span
        place_after = span.next


def clock(arrival: str) -> int | None:
    """Return the microseconds that an arrival begins with; None for what nobody made here."""
    try:
        return int(arrival[:15], 16)
    except ValueError:
        return None


def _merged(beside: Iterator[list[dict]], recent: list[dict], ids: set[str]) -> Iterator[list[dict]]:
    """Yield batches of events beside a session, in order, with its `recent` ones, in order too, where they belong.

    What is in both places, under one of these `ids`, is given once, as the session has it.
    """
    for batch in beside:
        there = [event for event in batch if event["eventId"] not in ids] if ids else batch
        if there and recent and place(recent[0]) < place(there[-1]):
            until = place(there[-1])
            inside = [event for event in recent if place(event) < until]
            recent = recent[len(inside) :]
            there = in_order(chain(there, inside))
        yield there
    yield recent
