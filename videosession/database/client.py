"""The database client: each process creates one when it first needs it.

Whatever the URI says, writes are acknowledged by a majority and journaled, and reads go to the primary, because the
service's guarantees depend on it.
"""

import logging
import os
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import pymongo
from pymongo import MongoClient, ReadPreference, WriteConcern
from pymongo.collection import Collection
from pymongo.database import Database as MongoDatabase
from pymongo.read_concern import ReadConcern

from videosession.errors import DatabaseUnavailable

log = logging.getLogger(__name__)

DEADLINE_SECONDS = 3
DEFAULT_NAME = "videosession"


# The guarantees depend on these, so a URI cannot change them. With a heartbeat each second, a returning server is found
# within two; the connect timeout also bounds the DNS lookups of mongodb+srv, which the deadline does not cover.
def _options(deadline_seconds: float) -> dict[str, Any]:
    return {
        "timeoutMS": int(deadline_seconds * 1000),
        "serverSelectionTimeoutMS": int(deadline_seconds * 1000),  # for calls without a deadline
        "connectTimeoutMS": 2000,
        "heartbeatFrequencyMS": 1000,
        "appname": "videosession",
    }


_OVERRIDDEN = {"w", "journal", "j", "wtimeoutms", "readpreference", "readconcernlevel", "sockettimeoutms",
               *map(str.lower, _options(DEADLINE_SECONDS))}  # fmt: skip


class Opened(NamedTuple):
    """A client, the process that opened it, and its collections."""

    process: int
    uri: str
    client: MongoClient
    sessions: Collection
    events: Collection


class Client:
    """Connects to the URI that `locate` returns, or uses the database `given` instead."""

    def __init__(self, locate: Callable[[], str], given, deadline_seconds: float):
        self._locate = locate
        self._given = given
        self._deadline_seconds = deadline_seconds
        self._lock = threading.Lock()
        self._opened: Opened | None = None

    @property
    def is_own(self) -> bool:
        return self._given is None

    def open(self, *, is_unavailable: bool) -> Opened:
        """Return what is open in this process; DatabaseUnavailable if that cannot be had in time."""
        opened = self._opened
        if opened and opened.process == os.getpid():
            return opened
        # A failing DNS lookup of mongodb+srv takes up to two seconds, so only one request at a time tries again.
        if not self._lock.acquire(timeout=0 if is_unavailable else self._deadline_seconds):
            raise DatabaseUnavailable
        try:
            if not self._opened or self._opened.process != os.getpid():
                self._opened = self._connect()
            return self._opened
        finally:
            self._lock.release()

    def prepare(self) -> None:
        """Start connecting to the database, without waiting for it."""
        if self.is_own:
            self._locate()

    def follow(self) -> None:
        """Close the client if the database has moved, unless another thread is doing so."""
        if self.is_own and self._lock.acquire(blocking=False):
            try:
                if self._opened and self._opened.uri != self._locate():
                    self._close()
            finally:
                self._lock.release()

    def close(self) -> None:
        """Close the client, whether or not the database is available."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._opened and self.is_own:
            with pymongo.timeout(0.1):
                self._opened.client.close()
        self._opened = None

    def _connect(self) -> Opened:
        if self._given is not None:
            uri, database = "", self._given
        else:
            uri = self._locate()
            _tell_overridden(uri)
            # The monitors start at once, in the background: while the database is unavailable, only they look for it.
            options = _options(self._deadline_seconds)
            database = MongoClient(uri, connect=True, **options).get_default_database(DEFAULT_NAME)
        sessions, events = (collection(database, name) for name in ("sessions", "events"))
        return Opened(os.getpid(), uri, database.client, sessions, events)


def collection(database: MongoDatabase, name: str) -> Collection:
    """Return a collection with the read and write concerns that the guarantees depend on."""
    return database.get_collection(
        name,
        write_concern=WriteConcern("majority", j=True),
        read_preference=ReadPreference.PRIMARY,
        read_concern=ReadConcern("local"),
    )


def _tell_overridden(uri: str) -> None:
    options = uri.partition("?")[2]
    overridden = [pair for pair in options.split("&") if pair.partition("=")[0].lower() in _OVERRIDDEN]
    if overridden:
        log.warning("MONGODB_URI asks for %s, which the service's promises override", ", ".join(sorted(overridden)))
