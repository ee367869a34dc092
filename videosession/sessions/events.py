"""How events are stored: in `recent` of their session's document, or each as a document of the collection `events`.

In the session each event is a string, so that servers that rewrite the document at every append, and the driver that
reads it, handle one value instead of a dozen. A document in `events` has the same fields, and an `_id` made of the
session's and the event's. An acknowledged event is never changed, and is only removed with its session (see appends).
"""

import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import orjson
import pymongo

from videosession.database import Database
from videosession.database.batches import insert
from videosession.sessions.idempotency import Keyed, is_same

IDS_A_QUERY = 100
FIELDS = 4  # of an event in an answer

ORDER = [("instant", pymongo.ASCENDING), ("arrival", pymongo.ASCENDING)]
AS_SENT = {"_id": 0, "eventId": 1, "type": 1, "timestamp": 1, "data": 1, "exact": 1}
FOR_TIMELINE = {"_id": 0, "eventId": 1, "type": 1, "instant": 1, "arrival": 1, "data": 1, "exact": 1}
WITH_PLACE = AS_SENT | {"instant": 1, "arrival": 1}
_CONTENT = {"eventId": 1, "type": 1, "timestamp": 1, "data": 1, "exact": 1, "fingerprint": 1, "arrival": 1}


class Taken(Exception):
    """The ids of events belong to other, stored events."""

    def __init__(self, events: list[dict]):
        super().__init__(f"taken by other events: {', '.join(event['eventId'] for event in events)}")
        self.events = events


class Events:
    """The collection `events`."""

    def __init__(self, database: Database):
        self._database = database

    def insert(self, session_id: str, events: list[dict]) -> list[dict]:
        """Insert events, and return those whose ids exist already."""
        documents = [_beside(session_id, event) for event in events]
        there = {document["_id"] for document in insert(self._database.events, documents)} if events else set()
        return [event for event, document in zip(events, documents, strict=True) if document["_id"] in there]

    def copy(self, session_id: str, events: list[dict]) -> None:
        """Copy `recent` events, replacing any that have their ids: those were never acknowledged."""
        there = {event["eventId"]: event for event in self.insert(session_id, events)}
        copied = {stored["arrival"] for stored in self.stored(session_id, there)}
        for event in there.values():
            if event["arrival"] not in copied:
                document = _beside(session_id, event)
                # The sender of the existing event may remove it at this moment: then this inserts the copy.
                where = {"_id": document["_id"], "session": session_id}
                self._database.events.replace_one(where, document, upsert=True)

    def stored(self, session_id: str, event_ids: Iterable[str]) -> Iterator[dict]:
        """Yield the events stored under these ids, with the fields that are compared."""
        for query in _by_id(session_id, list(event_ids)):
            yield from self._database.events.find(query, _CONTENT, **self._database.by_id)

    def remove(self, session_id: str, events: list[dict]) -> None:
        """Remove events that were stored after their session had been deleted."""
        for query in _by_id(session_id, [event["eventId"] for event in events]):
            self._database.events.delete_many(query, **self._database.by_id)

    def remove_own(self, session_id: str, event: dict) -> None:
        """Remove an event unless its id now belongs to another one."""
        where = {"_id": f"{session_id}:{event['eventId']}", "session": session_id, "arrival": event["arrival"]}
        self._database.events.delete_one(where)

    def one(self, session_id: str, event_id: str) -> dict | None:
        """Return an event by its id, if there is one."""
        where = {"_id": f"{session_id}:{event_id}", "session": session_id}
        return self._database.events.find_one(where, AS_SENT)

    def count(self, session_id: str) -> int:
        """Return the number of a session's events in this collection."""
        return self._database.events.count_documents({"session": session_id})


class Selection(NamedTuple):
    """Filters for a session's events: by type, `since` and `until` an instant, `after` a position in their order."""

    session_id: str
    type: str | None = None
    since: int | None = None
    until: int | None = None
    after: tuple[int, str] | None = None

    def takes(self, event: dict) -> bool:
        """Return whether the selection includes an event."""
        return (
            self.type in (None, event["type"])
            and (self.since is None or event["instant"] >= self.since)
            and (self.until is None or event["instant"] < self.until)
            and (self.after is None or place(event) > self.after)
        )


def place(event: dict) -> tuple[int, str]:
    """Return an event's position in the order of its session's events."""
    return event["instant"], event["arrival"]


def made(events: list[dict], clock: Callable[[], int], keyed: Keyed | None = None) -> list[dict]:
    """Return events as they are stored; arrivals sort by clock, then a random suffix, then position in the batch."""
    arrival = f"{clock():015x}{secrets.token_hex(5)}"
    if keyed:
        events = [event if "eventId" in event else event | keyed.mark(number) for number, event in enumerate(events)]
    stored = [_made(f"{arrival}{number:04x}", event) for number, event in enumerate(events)]
    # MongoDB's drivers, and servers written with one, read {"$ref", "$id"} as a DBRef, which loses keys, so such data
    # is stored as text. (https://www.mongodb.com/docs/manual/reference/database-references/)
    if b'"$ref"' in orjson.dumps([event["data"] for event in stored]):
        for event in stored:
            if b'"$ref"' in (text := orjson.dumps(event["data"])):
                event["exact"] = text.decode()
                del event["data"]
    return stored


def _made(arrival: str, event: dict) -> dict:
    stored = {
        "eventId": event.get("eventId", arrival),
        "instant": event["timestamp"].microseconds,
        "arrival": arrival,
        "type": event["type"],
        "timestamp": event["timestamp"],
        "data": event["data"],
    }
    if "fingerprint" in event:
        stored["fingerprint"] = event["fingerprint"]
    return stored


def has_own_id(event: dict) -> bool:
    """Return whether an event may be stored already: its id comes from the client, or from an idempotency key."""
    return event["eventId"] != event["arrival"]


def packed(event: dict) -> str:
    """Return an event as it is stored in its session's document."""
    return orjson.dumps(event).decode()


def unpacked(session: dict) -> dict:
    """Return a session with its `recent` events unpacked."""
    if recent := session.get("recent"):
        # Older versions stored them as documents, so a session may have both forms.
        texts = [each for each in recent if isinstance(each, str)]
        session["recent"] = [*(each for each in recent if isinstance(each, dict)), *_all_unpacked(texts)]
    return session


def _all_unpacked(texts: list[str]) -> list[dict]:
    return orjson.loads(f"[{','.join(texts)}]")  # in one call: in half the time of one for each


def size(events: list[dict]) -> int:
    """Return the size of events in a session's document, in bytes."""
    return len(orjson.dumps(events)) - len(events) - 1  # the brackets and commas of a list around them


def differing(events: Iterable[dict], stored: Iterable[dict]) -> list[dict]:
    """Return the events whose ids are stored with other content."""
    there = {event["eventId"]: event for event in stored}
    return [event for event in events if (other := there.get(event["eventId"])) and not is_same(event, other)]


def as_sent(event: dict) -> dict:
    """Return a stored event as the client sent it."""
    return {
        "eventId": event["eventId"],
        "type": event["type"],
        "timestamp": event["timestamp"],
        "data": orjson.loads(event["exact"]) if "exact" in event else event["data"],
    }


def exactly(events: list[dict]) -> list[dict]:
    """Return events with their data as sent, also where it was stored as text."""
    for event in events:
        if "exact" in event:
            event["data"] = orjson.loads(event.pop("exact"))
    return events


def bare(events: list[dict]) -> list[dict]:
    """Return events as they are answered, with their positions; they were read with only the fields for that."""
    for event in events:
        del event["instant"]
        if len(event) > FIELDS or "exact" in event:
            event.pop("arrival", None)
            event.pop("fingerprint", None)
            if "exact" in event:
                event["data"] = orjson.loads(event.pop("exact"))
    return events


def in_order(events: Iterable[dict]) -> list[dict]:
    """Return events sorted by their positions."""
    return sorted(events, key=place)


def _beside(session_id: str, event: dict) -> dict:
    return {"_id": f"{session_id}:{event['eventId']}", "session": session_id} | event


def _by_id(session_id: str, event_ids: list[str]) -> Iterator[dict]:
    """Yield queries for events by their ids and their session, which is the shard key.

    The embedded database uses the first condition that has an index, and compares every document found with every
    requested id, so the ids come first, and only a few at a time.
    """
    for start in range(0, len(event_ids), IDS_A_QUERY):
        ids = [f"{session_id}:{event_id}" for event_id in event_ids[start : start + IDS_A_QUERY]]
        yield {"_id": {"$in": ids}, "session": session_id}
