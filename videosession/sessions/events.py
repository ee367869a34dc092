"""Events as they are stored and found: in the session's document, its `recent` ones, or a document each beside it.

In the session each is a text, so that a server that rewrites its document at every append, and a driver that reads it,
has one value to look at and not a dozen. A document beside the session has the same fields, and an `_id` made of the
session's and the event's. What was acknowledged is never changed and never taken back, except with its session (see
appends).
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
FIELDS = 4  # of an event as it is answered

ORDER = [("instant", pymongo.ASCENDING), ("arrival", pymongo.ASCENDING)]
AS_SENT = {"_id": 0, "eventId": 1, "type": 1, "timestamp": 1, "data": 1, "exact": 1}
FOR_TIMELINE = {"_id": 0, "eventId": 1, "type": 1, "instant": 1, "arrival": 1, "data": 1, "exact": 1}
WITH_PLACE = AS_SENT | {"instant": 1, "arrival": 1}
_CONTENT = {"eventId": 1, "type": 1, "timestamp": 1, "data": 1, "exact": 1, "fingerprint": 1, "arrival": 1}


class Taken(Exception):
    """Events whose ids belong to other events that are stored."""

    def __init__(self, events: list[dict]):
        super().__init__(f"taken by other events: {', '.join(event['eventId'] for event in events)}")
        self.events = events


class Events:
    """The events beside their sessions."""

    def __init__(self, database: Database):
        self._database = database

    def insert(self, session_id: str, events: list[dict]) -> list[dict]:
        """Insert events, and return those whose ids are there already."""
        documents = [_beside(session_id, event) for event in events]
        there = {document["_id"] for document in insert(self._database.events, documents)} if events else set()
        return [event for event, document in zip(events, documents, strict=True) if document["_id"] in there]

    def copy(self, session_id: str, events: list[dict]) -> None:
        """Copy `recent` events beside their session, replacing what has their ids: that was never acknowledged."""
        there = {event["eventId"]: event for event in self.insert(session_id, events)}
        copied = {stored["arrival"] for stored in self.stored(session_id, there)}
        for event in there.values():
            if event["arrival"] not in copied:
                document = _beside(session_id, event)
                # Whoever sent what is there may remove it at this moment: then this puts the copy there.
                where = {"_id": document["_id"], "session": session_id}
                self._database.events.replace_one(where, document, upsert=True)

    def stored(self, session_id: str, event_ids: Iterable[str]) -> Iterator[dict]:
        """Return what is stored under these ids: the fields that are compared."""
        for query in _by_id(session_id, list(event_ids)):
            yield from self._database.events.find(query, _CONTENT, **self._database.by_id)

    def remove(self, session_id: str, events: list[dict]) -> None:
        """Remove what was stored into a session that had been deleted."""
        for query in _by_id(session_id, [event["eventId"] for event in events]):
            self._database.events.delete_many(query, **self._database.by_id)

    def remove_own(self, session_id: str, event: dict) -> None:
        """Remove an event unless its id belongs to another one by now."""
        where = {"_id": f"{session_id}:{event['eventId']}", "session": session_id, "arrival": event["arrival"]}
        self._database.events.delete_one(where)

    def one(self, session_id: str, event_id: str) -> dict | None:
        """Find an event by its id."""
        where = {"_id": f"{session_id}:{event_id}", "session": session_id}
        return self._database.events.find_one(where, AS_SENT)

    def count(self, session_id: str) -> int:
        """Count the events beside a session."""
        return self._database.events.count_documents({"session": session_id})


class Selection(NamedTuple):
    """Which of a session's events: of a type, `since` an instant, `until` another, `after` a place in their order."""

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
    """Return an event's place in the order of its session's events."""
    return event["instant"], event["arrival"]


def made(events: list[dict], clock: Callable[[], int], keyed: Keyed | None = None) -> list[dict]:
    """Return events as they are stored; arrivals sort by clock, then a random suffix, then position in the batch."""
    arrival = f"{clock():015x}{secrets.token_hex(5)}"
    if keyed:
        events = [event if "eventId" in event else event | keyed.mark(number) for number, event in enumerate(events)]
    stored = [_made(f"{arrival}{number:04x}", event) for number, event in enumerate(events)]
    # MongoDB's drivers, and servers written with one, read {"$ref", "$id"} as a DBRef, which loses keys on its way
    # back: such data is kept as text. (https://www.mongodb.com/docs/manual/reference/database-references/)
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
    """Return whether an event may have been stored already: its id is the client's, or made from a key."""
    return event["eventId"] != event["arrival"]


def packed(event: dict) -> str:
    """Return an event as it is stored in its session's document."""
    return orjson.dumps(event).decode()


def unpacked(session: dict) -> dict:
    """Return a session that was read with the `recent` events in it as they were before they were packed."""
    if recent := session.get("recent"):
        # Once they lay there as documents: such a session may have some of both.
        texts = [each for each in recent if isinstance(each, str)]
        session["recent"] = [*(each for each in recent if isinstance(each, dict)), *_all_unpacked(texts)]
    return session


def _all_unpacked(texts: list[str]) -> list[dict]:
    return orjson.loads(f"[{','.join(texts)}]")  # in one call: in half the time of one for each


def size(events: list[dict]) -> int:
    """Return the bytes of events as a session's document has them."""
    return len(orjson.dumps(events)) - len(events) - 1  # the brackets and commas of a list around them


def differing(events: Iterable[dict], stored: Iterable[dict]) -> list[dict]:
    """Return the events under whose ids something else is stored."""
    there = {event["eventId"]: event for event in stored}
    return [event for event in events if (other := there.get(event["eventId"])) and not is_same(event, other)]


def as_sent(event: dict) -> dict:
    """Return a stored event as it is answered."""
    return {
        "eventId": event["eventId"],
        "type": event["type"],
        "timestamp": event["timestamp"],
        "data": orjson.loads(event["exact"]) if "exact" in event else event["data"],
    }


def exactly(events: list[dict]) -> list[dict]:
    """Return events with their data as they were sent, where those were kept as text."""
    for event in events:
        if "exact" in event:
            event["data"] = orjson.loads(event.pop("exact"))
    return events


def bare(events: list[dict]) -> list[dict]:
    """Return events as they are answered, with their places; only the fields needed for that were read."""
    for event in events:
        del event["instant"]
        if len(event) > FIELDS or "exact" in event:
            event.pop("arrival", None)
            event.pop("fingerprint", None)
            if "exact" in event:
                event["data"] = orjson.loads(event.pop("exact"))
    return events


def in_order(events: Iterable[dict]) -> list[dict]:
    """Sort events that carry their places."""
    return sorted(events, key=place)


def _beside(session_id: str, event: dict) -> dict:
    return {"_id": f"{session_id}:{event['eventId']}", "session": session_id} | event


def _by_id(session_id: str, event_ids: list[str]) -> Iterator[dict]:
    """Return the query for events by their ids and their session, which names their shard.

    The embedded database uses the first condition that an index serves, and compares every document found with every id
    asked for: the ids come first, and not many at once.
    """
    for start in range(0, len(event_ids), IDS_A_QUERY):
        ids = [f"{session_id}:{event_id}" for event_id in event_ids[start : start + IDS_A_QUERY]]
        yield {"_id": {"$in": ids}, "session": session_id}
