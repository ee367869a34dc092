"""Idempotency: has this request, or this event, been seen before? No Flask, no database."""

from hashlib import sha256
from typing import NamedTuple, NoReturn

import orjson

from videosession.errors import Conflict, Fault, Invalid

ANOTHER_REQUEST = Fault(
    "", "must be the request that was first sent with this Idempotency-Key; otherwise use another key"
)


def content(event: dict) -> bytes:
    """Return an event's content as bytes that are equal only for equal content.

    1, 1.0 and true differ; the order of keys does not matter. A stored event may have its data as text.
    """
    data = orjson.loads(event["exact"]) if "exact" in event else event.get("data")
    return orjson.dumps([event.get("type"), event.get("timestamp"), data], option=orjson.OPT_SORT_KEYS)


def is_same(sent: dict, stored: dict) -> bool:
    """Return whether an event equals the one stored under its id; by their fingerprints, if they have any."""
    if "fingerprint" in sent and "fingerprint" in stored:
        return sent["fingerprint"] == stored["fingerprint"]
    return content(sent) == content(stored)


class Keyed(NamedTuple):
    """A request with an Idempotency-Key: the source of its ids, and a fingerprint of its content."""

    seed: str
    fingerprint: str

    def id(self, place: int = 0) -> str:
        """Return the id for an index in the request, which is the same whenever the request is repeated."""
        return _digest([self.seed, place])[:32]

    def mark(self, place: int) -> dict:
        """Return the fields that give the event at an index its id, and link it to its request."""
        return {"eventId": self.id(place), "fingerprint": self.fingerprint}


def keyed(key: str | None, owner: str, path: str, body) -> Keyed | None:
    """Return what identifies a request by its Idempotency-Key; None if it has none."""
    return None if key is None else Keyed(_digest([owner, path, key]), _digest(body))


def refuse(taken: list[dict], events: list[dict], pointers: list[str]) -> NoReturn:
    """Raise a Conflict with a pointer to every event whose id is taken."""
    if any("fingerprint" in event for event in taken):
        raise Invalid([ANOTHER_REQUEST])
    ids = {event["eventId"] for event in taken}
    faults = [
        Fault(f"{pointer}/eventId", "must not be the id of another event of this session")
        for pointer, event in zip(pointers, events, strict=True)
        if event["eventId"] in ids
    ]
    raise Conflict("The session has another event with the same eventId: see errors.", faults)


def _digest(value) -> str:
    return sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
