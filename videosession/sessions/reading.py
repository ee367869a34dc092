"""Reads a session's events in order, from its document and from `events`, in batches.

Each batch is a find of its own, which begins after the position of the last event: a cursor across batches would have
one time limit for all of them (MongoDB applies maxTimeMS to the whole cursor), and would not survive a failover.
Between batches the session is checked again, so nothing is read after it has been deleted.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple

import orjson

from videosession.database import Database
from videosession.database.batches import Batch, find_batch
from videosession.sessions.events import ORDER, Selection, bare, in_order, place
from videosession.sessions.windows import Instants, Span, Window, at_instant

EVENTS_A_BATCH = 4001  # one more than four thousand, so that a batch that is not full is known to be the last
BYTES_A_BATCH = 2 * 2**20  # of a stream; several copies are in memory at once
PAGE_BYTES = 4 * 2**20  # of `data`; the other fields are small
LEAST_A_BATCH = 4  # events, up to four megabytes


class Page(NamedTuple):
    """A page of a list, and the position of its last item; None on the last page."""

    items: list[dict]
    place: tuple[int, str] | None


class Reads:
    """Reads the events of sessions whose documents have been read; a find returns at most `events_a_batch`."""

    def __init__(self, database: Database, events_a_batch: int = EVENTS_A_BATCH):
        self._database = database
        self._size = events_a_batch

    def in_order(
        self, session: dict, selection: Selection, fields: dict, look: Callable[[], object]
    ) -> Iterator[list[dict]]:
        """Yield the selected events in batches, with these fields; `look` raises if the session is gone."""
        recent = session.pop("recent", [])
        selected = in_order(filter(selection.takes, recent))
        if session.get("moved") == 0:
            return iter([selected])
        if not recent:  # nothing to merge, so the events' positions need not be read
            fields = {field: 1 for field in fields if field != "arrival"} | {"_id": 0}
        beside = self._beside(session, selection, fields, look)
        return _merged(beside, selected, {event["eventId"] for event in recent})

    def page(self, session: dict, selection: Selection, fields: dict, limit: int) -> Page:
        """Return the first of the selected events: as many as fit on a page, at most `limit`."""
        recent = session.get("recent", [])
        found = list(filter(selection.takes, recent))
        is_cut = False
        if session.get("moved") != 0:
            ids = {event["eventId"] for event in recent}
            beside, is_cut = self._first_beside(session, selection, fields, limit + 1 + len(ids))
            if is_cut:  # there may be more in `events` after the last of them
                found = [event for event in found if place(event) < place(beside[-1])]
            found += [event for event in beside if event["eventId"] not in ids]
        kept = _on_a_page(in_order(found)[:limit])
        last = place(kept[-1]) if kept and (is_cut or len(kept) < len(found)) else None
        return Page(bare(kept), last)

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
        """Yield the selected events in `events` in batches, whose number depends on the events' size."""
        hint = session.get("beside", {})
        size = self._fitting(hint.get("bytes", 0) // max(hint.get("count", 0), 1))
        is_first = True
        for span in self._spans(session, selection, size * 9 // 10):
            batch = self._find(span, fields, size)
            if not is_first:
                look()
            is_first = False
            if batch.documents:
                size = self._fitting(batch.mean_size())
            documents = span.note(batch)
            del batch
            yield documents
            del documents  # none is kept while the next is fetched

    def _fitting(self, mean_size: int) -> int:
        """Return how many events of this mean size a batch may have."""
        return max(min(BYTES_A_BATCH // max(mean_size, 1), self._size), LEAST_A_BATCH)

    def _find(self, span: "Span", fields: dict, count: int) -> Batch:
        return find_batch(self._database.events, span.query, span.fields(fields), ORDER, count)

    def _spans(self, session: dict, selection: Selection, size: int) -> Iterator["Span"]:
        """Yield the spans to read, one after the other; each notes what was found before the next is chosen."""
        every = {"session": selection.session_id} | ({} if selection.type is None else {"type": selection.type})
        low = selection.since
        hint = session.get("beside", {}) if self._database.is_windowed else {}
        if selection.after is not None:
            instant, arrival = selection.after
            yield from at_instant(every, instant, arrival, Window.of_arrivals(hint, size))
            low = instant + 1
        window = Window.of_instants(hint, size)
        while True:
            span = Instants(every, low, selection.until, window)
            yield span
            if span.single is not None:
                yield from at_instant(every, span.single, "", Window.of_arrivals(hint, size))
                low = span.single + 1
            elif span.next is None:
                return
            else:
                low = span.next


def _merged(beside: Iterator[list[dict]], recent: list[dict], ids: set[str]) -> Iterator[list[dict]]:
    """Yield the batches of `events` merged with the session's `recent` events, both of which are in order.

    An event that is in both, and therefore in `ids`, is yielded once, as the session has it.
    """
    for batch in beside:
        there = [event for event in batch if event["eventId"] not in ids] if ids else batch
        if there and recent and place(recent[0]) < place(there[-1]):
            until = place(there[-1])
            inside = [event for event in recent if place(event) < until]
            recent = recent[len(inside) :]
            there = in_order(chain(there, inside))
        del batch
        yield there
        del there
    yield recent


def _on_a_page(events: list[dict]) -> list[dict]:
    """Return as many events as fit on a page, at least the first one."""
    size = 0
    for number, event in enumerate(events):
        size += len(event.get("exact") or orjson.dumps(event["data"]))
        if number and size > PAGE_BYTES:
            return events[:number]
    return events
