"""A session's events in order, from both places, a batch at a time.

Each batch is a find of its own that begins after the last one's place: a cursor that lived across batches would have
one time limit for all of them (MongoDB counts maxTimeMS over the whole cursor), and would not survive a failover.
Between batches the session is checked again: nothing of it is read after it has been deleted.
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
BYTES_A_BATCH = 2 * 2**20  # that a stream holds at once, a few times over
PAGE_BYTES = 4 * 2**20  # of data; what stands beside them is small
LEAST_A_BATCH = 4  # of the largest events, four megabytes


class Page(NamedTuple):
    """A part of a list, and the place of its last item in the list's order; None where nothing comes after it."""

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
        if not recent:  # then nothing is put between them, and their places need not come along
            fields = {field: 1 for field in fields if field != "arrival"} | {"_id": 0}
        beside = self._beside(session, selection, fields, look)
        return _merged(beside, selected, {event["eventId"] for event in recent})

    def page(self, session: dict, selection: Selection, fields: dict, limit: int) -> Page:
        """Return the selected events that come first, as many as fit on a page; `limit` at most."""
        recent = session.get("recent", [])
        found = list(filter(selection.takes, recent))
        is_cut = False
        if session.get("moved") != 0:
            ids = {event["eventId"] for event in recent}
            beside, is_cut = self._first_beside(session, selection, fields, limit + 1 + len(ids))
            if is_cut:  # what comes after the last of them is not all there
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
        """Yield the selected events beside a session in batches, of as many as there is room for by their size."""
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
        """Return how many events a batch may have, where one has so many bytes."""
        return max(min(BYTES_A_BATCH // max(mean_size, 1), self._size), LEAST_A_BATCH)

    def _find(self, span: "Span", fields: dict, count: int) -> Batch:
        return find_batch(self._database.events, span.query, span.fields(fields), ORDER, count)

    def _spans(self, session: dict, selection: Selection, size: int) -> Iterator["Span"]:
        """Yield what to ask for, in turn; each is told what was found before the next one is asked for."""
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
        del batch
        yield there
        del there
    yield recent


def _on_a_page(events: list[dict]) -> list[dict]:
    """Return as many events as fit on a page, the first one at least."""
    size = 0
    for number, event in enumerate(events):
        size += len(event.get("exact") or orjson.dumps(event["data"]))
        if number and size > PAGE_BYTES:
            return events[:number]
    return events
