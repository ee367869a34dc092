"""The bare loop: PyMongo writes and reads the same documents; and the events that all three use."""

import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Callable

import orjson
from pymongo import MongoClient, WriteConcern
from pymongo.database import Database

EVENT = {"type": "ping", "timestamp": "2026-01-31T12:00:00.000Z", "data": {"position": 12.5, "rate": 1, "node": "a"}}
INSTANT = 1_769_860_800_000_000
BATCH = 100  # events that are written at once
FETCHED = 1001  # that are read at once
PUSHED = 120  # events into a document, about as many as the service does

_AS_SENT = {"_id": 0, "eventId": 1, "type": 1, "timestamp": 1, "data": 1, "exact": 1}


class Limit:
    """The lower limit of any service: only the calls to the database, and JSON."""

    def __init__(self, database: Database):
        majority = WriteConcern("majority", j=True)
        self.sessions = database.get_collection("sessions", write_concern=majority)
        self.events = database.get_collection("events", write_concern=majority)
        self._numbers = itertools.count()
        self._name = f"{os.getpid():x}-{threading.get_ident():x}-{time.time_ns():x}"
        self._session = f"limit-{self._name}"
        self.sessions.insert_one({"_id": self._session, "revision": "", "lastEventAt": 0})
        self._pushed_to = ""

    def document(self, session_id: str, instant: int = INSTANT) -> dict:
        """Make a document such as the service stores."""
        number = f"{self._name}-{next(self._numbers):08x}"
        where = {"_id": f"{session_id}:{number}", "session": session_id, "instant": instant, "arrival": number}
        return where | {"eventId": number} | EVENT

    def append(self) -> None:
        """Insert a document and update another."""
        document = self.document(self._session)
        self.events.insert_one(document)
        changes = {"$set": {"revision": document["arrival"]}, "$max": {"lastEventAt": next(self._numbers)}}
        self.sessions.update_one({"_id": self._session}, changes)

    def push(self) -> None:
        """Push an event into a document, of which there is a new one when it is full."""
        number = next(self._numbers)
        if number % PUSHED == 0:
            self._pushed_to = f"pushed-{self._name}-{number}"
            self.sessions.insert_one({"_id": self._pushed_to})
        event = {"eventId": f"{self._name}-{number:08x}", "instant": INSTANT, "arrival": f"{number:029x}"} | EVENT
        changes = {"$set": {"revision": event["arrival"]}, "$max": {"lastEventAt": number}}
        changes |= {"$push": {"recent": orjson.dumps(event).decode()}}
        self.sessions.update_one({"_id": self._pushed_to}, changes)

    def append_batch(self) -> None:
        """Insert a batch."""
        self.events.insert_many([self.document(self._session) for _ in range(BATCH)], ordered=False)

    def read(self, session_id: str) -> None:
        """Find a session and its events, and write them as JSON."""
        self.sessions.find_one({"_id": session_id})
        order = [("instant", 1), ("arrival", 1)]
        found = self.events.find({"session": session_id}, _AS_SENT, sort=order, batch_size=FETCHED)
        while batch := found.to_list(FETCHED):
            orjson.dumps(batch)

    def fill(self, session_id: str, count: int) -> None:
        """Put events beside a session, a quarter of a second apart."""
        for start in range(0, count, 1000):
            instants = range(INSTANT + start * 250_000, INSTANT + min(start + 1000, count) * 250_000, 250_000)
            self.events.insert_many([self.document(session_id, instant) for instant in instants], ordered=False)
        first, last = INSTANT, INSTANT + (count - 1) * 250_000
        arrivals = {"firstArrival": f"{INSTANT:015x}", "lastArrival": f"{INSTANT + count:015x}"}
        beside = {"count": count, "first": first, "last": last} | arrivals
        self.sessions.update_one({"_id": session_id}, {"$set": {"moved": 1, "beside": beside}})


def rate(deed: Callable[[], None], seconds: float) -> float:
    """Do it again and again; return the operations per second."""
    started, count = time.monotonic(), 0
    while (passed := time.monotonic() - started) < seconds:
        deed()
        count += 1
    return count / passed


def main(uri: str, verb: str, arguments: str, threads: str, seconds: str) -> None:
    """Do it in several threads of this process, and print the operations per second."""
    database, rates = MongoClient(uri).get_default_database(), []

    def loop(limit: Limit) -> None:
        rates.append(rate(lambda: getattr(limit, verb)(*json.loads(arguments)), float(seconds)))

    running = [threading.Thread(target=loop, args=(Limit(database),)) for _ in range(int(threads))]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    print(sum(rates))  # noqa: T201, another process reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
