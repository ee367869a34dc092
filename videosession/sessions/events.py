"""Events as they are stored and found: a document each, whose `_id` is its session's and its own.

What is stored is never changed and never taken back, except with its session. Who may, and whether the session is
alive, is looked at elsewhere (see repository).
"""

import secrets
from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple

import orjson
import pymongo

from videosession.database import Database, batches, insert
from videosession.sessions.idempotency import Keyed, is_same

IDS_A_QUERY = 100

_ORDER = [("instant", pymongo.ASCENDING), ("arrival", pymongo.ASCENDING)]
AS_SENT = {"_id": 0, "eventId": 1, "type": 1, "timestamp": 1, "data": 1, "exact": 1}
FOR_TIMELINE = {"_id": 0, "eventId": 1, "type": 1, "instant": 1, "data": 1, "exact": 1}
_WITH_PLACE = AS_SENT | {"instant": 1, "arrival": 1}
_CONTENT = {"type": 1, "timestamp": 1, "data": 1, "exact": 1, "fingerprint": 1}


class Taken(Exception):
    """Documents whose ids belong to other events that are stored."""

    def __init__(self, documents: list[dict]):
        super().__init__(f"taken by other events: {', '.join(document['eventId'] for document in documents)}")
        self.documents = documents


class Events:
    """The events of all sessions; `clock` gives microseconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], int]):
        self._database = database
        self._clock = clock

    def documents(self, session_id: str, events: list[dict], keyed: Keyed | None = None) -> list[dict]:
        """Make of each event what is to be stored: its place is the clock, then chance, then the place among these."""
        arrival = f"{self._clock():015x}{secrets.token_hex(5)}"
        if keyed:
            events = [event if "eventId" in event else event | keyed.mark(place) for place, event in enumerate(events)]
        return [_document(session_id, f"{arrival}{place:04x}", event) for place, event in enumerate(events)]

    def store(self, documents: list[dict]) -> None:
        """Store what is not stored yet: all of it, or nothing where an id is Taken by another event.

        Decides before it writes, and never takes back: another request may have been told that an event is stored. So
        where an id is taken between the two, that is Taken, and the other events are stored.
        """
        if len(documents) > 1:
            self._refuse_taken([document for document in documents if _has_id_of_client(document)])
            first_under_key = next((document for document in documents if "fingerprint" in document), None)
            if first_under_key:  # goes in first, so that one request wins the key
                self._insert([first_under_key])
                documents = [document for document in documents if document is not first_under_key]
        self._insert(documents)

    def _insert(self, documents: list[dict]) -> None:
        self._refuse_taken(insert(self._database.events, documents))

    def _refuse_taken(self, documents: list[dict]) -> None:
        """Compare with what is stored under the same ids."""
        if not documents:
            return
        expected = {document["_id"]: document for document in documents}
        found = chain.from_iterable(self._database.events.find(query, _CONTENT) for query in _by_id(documents))
        if taken := {stored["_id"] for stored in found if not is_same(expected[stored["_id"]], stored)}:
            raise Taken([document for document in documents if document["_id"] in taken])

    def remove(self, documents: list[dict]) -> None:
        """Remove what was stored into a session that had been deleted."""
        for query in _by_id(documents):
            self._database.events.delete_many(query)

    def in_order(self, selection: "Selection", fields: dict = AS_SENT) -> Iterator[list[dict]]:
        """Yield the selected events, in batches."""
        for query in selection.queries():
            for batch in batches(self._database.events, query, projection=fields, sort=_ORDER):
                yield _exactly(batch)

    def first(self, selection: "Selection", count: int) -> list[dict]:
        """Give the selected events that come first, `count` at most, each with its place in the order."""
        found: list[dict] = []
        for query in selection.queries():
            if missing := count - len(found):
                found += self._database.events.find(query, _WITH_PLACE, sort=_ORDER, limit=missing)
        return _exactly(found)

    def one(self, session_id: str, event_id: str) -> dict | None:
        """Find an event by its id."""
        found = self._database.events.find_one({"_id": f"{session_id}:{event_id}", "session": session_id}, AS_SENT)
        return found and _exactly([found])[0]


class Selection(NamedTuple):
    """Which of a session's events: of a type, `since` an instant, `until` another, `after` a place in their order."""

    session_id: str
    type: str | None = None
    since: int | None = None
    until: int | None = None
    after: tuple[int, str] | None = None

    def queries(self) -> Iterator[dict]:
        """Ask for them, in turn: first for those at the very instant of the place, then for the later ones.

        So each reads from the index what it gives and no more, however many events share an instant.
        """
        every = {"session": self.session_id} | ({} if self.type is None else {"type": self.type})
        bounds = {"$gte": self.since, "$lt": self.until}
        if self.after is not None:
            instant, arrival = self.after
            yield every | {"instant": instant, "arrival": {"$gt": arrival}}
            bounds |= {"$gte": None, "$gt": instant}
        given = {operator: bound for operator, bound in bounds.items() if bound is not None}
        yield every | ({"instant": given} if given else {})


def _exactly(events: list[dict]) -> list[dict]:
    """Give data that were kept as text, too, as they were sent."""
    for event in events:
        if "exact" in event:
            event["data"] = orjson.loads(event.pop("exact"))
    return events


def _by_id(documents: list[dict]) -> Iterator[dict]:
    """Ask for stored documents by their ids, and by their session, which says on which shard they are.

    The embedded database goes by the first condition that an index serves, and compares each that is there with each
    that is asked for: the ids come first, and not many at once.
    """
    for start in range(0, len(documents), IDS_A_QUERY):
        ids = [document["_id"] for document in documents[start : start + IDS_A_QUERY]]
        yield {"_id": {"$in": ids}, "session": documents[0]["session"]}


def as_sent(document: dict) -> dict:
    """Give what a stored event is answered with."""
    return {
        "eventId": document["eventId"],
        "type": document["type"],
        "timestamp": document["timestamp"],
        "data": document["data"],
    }


def _has_id_of_client(document: dict) -> bool:
    return document["eventId"] != document["arrival"] and "fingerprint" not in document


def _document(session_id: str, arrival: str, event: dict) -> dict:
    event_id = event.get("eventId", arrival)
    document = {
        "_id": f"{session_id}:{event_id}",
        "session": session_id,
        "instant": event["timestamp"].microseconds,
        "arrival": arrival,
        "eventId": event_id,
        "type": event["type"],
        "timestamp": event["timestamp"],
        "data": event["data"],
    }
    if "fingerprint" in event:
        document["fingerprint"] = event["fingerprint"]
    # MongoDB's drivers, and servers written with one, read {"$ref", "$id"} as a DBRef, which loses keys on its way
    # back: such data is kept as text too. (https://www.mongodb.com/docs/manual/reference/database-references/)
    if b'"$ref"' in (text := orjson.dumps(event["data"])):
        document["exact"] = text.decode()
    return document
