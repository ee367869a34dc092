"""The database as the service uses it: its collections, deadlines and failures.

The calls before an answer share one deadline, and each later batch of a stream has its own.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC
from typing import Any

import pymongo
from pymongo.collection import Collection
from pymongo.errors import DocumentTooLarge, OperationFailure, PyMongoError

from videosession import instants
from videosession.database.client import DEADLINE_SECONDS, Client, Opened, collection
from videosession.database.errors import meaning
from videosession.database.indexes import EVENT_INDEXES, RETENTION_INDEX, SESSION_INDEXES
from videosession.errors import DatabaseFull, DatabaseUnavailable

log = logging.getLogger(__name__)

START_SECONDS = 60  # how long a command waits for a database that is starting
LEAST_FREE_BYTES = 64 * 1024 * 1024  # with less, nothing more is stored: on a full disk the database stops answering
_EXISTS = 48
OVERSHOOT_SECONDS = 0.5  # PyMongo checks the clock only at intervals while it waits for a server


def plans_by_hints(build: Mapping[str, Any]) -> bool:
    """Return whether hints help a server: with one, SecantusDB and `secantusd-rs` read the whole collection.

    Looking up one id of 8 000 took 117 ms instead of 0.6, and on `secantusd-rs` 4 ms instead of 0.5, *measured*.
    """
    return "secantusVersion" not in build


class Database:
    """The collections, on a client that each process creates when it first needs it.

    `locate` returns the URI at that moment; `given` is a database to use instead of a new client. The calls before an
    answer may take `deadline_seconds` together, and so may each later batch. With `collections_first`, the collections
    are created before anything else. With `expires`, there is one more index. `hints` decides by a server's build
    information whether queries should name their index. With `windowed`, a find costs as much as it matches, not as it
    returns, and long sessions are read in windows. `free_bytes` returns how much can still be stored, if known.
    """

    def __init__(
        self,
        locate: Callable[[], str],
        given=None,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        collections_first: bool = False,
        expires: bool = False,
        hints: Callable[[Mapping[str, Any]], bool] | None = None,
        windowed: bool = False,
        free_bytes: Callable[[], int] | None = None,
    ):
        self._session_indexes = [*SESSION_INDEXES, *([RETENTION_INDEX] if expires else [])]
        self._deadline_seconds = deadline_seconds
        self._collections_first = collections_first
        self._hints = hints
        self._by_id: dict[str, Any] | None = None if hints else {}
        self.is_windowed = windowed
        self._free_bytes = free_bytes
        self._client = Client(locate, given, deadline_seconds)
        self._is_unavailable = False
        self._is_full = False
        self._is_hurried = True

    @property
    def sessions(self) -> Collection:
        return self._open().sessions

    @property
    def events(self) -> Collection:
        return self._open().events

    @property
    def plans(self) -> Collection:
        """The plans of videos, found only by their ids."""
        return collection(self.sessions.database, "plans")

    @property
    def sums(self) -> Collection:
        """The daily sums of videos with very many sessions, found only by their ids."""
        return collection(self.sessions.database, "sums")

    @property
    def by_id(self) -> dict[str, Any]:
        """Return the hint that makes a query for many ids use their index, whatever its other conditions are."""
        if self._by_id is None:
            build = self.sessions.database.client.admin.command("buildInfo")
            self._by_id = {"hint": "_id_"} if self._hints and self._hints(build) else {}
        return self._by_id

    def read(self) -> None:
        """Check that the server can read: one that answers a ping may be unable to."""
        self.sessions.find_one({"_id": "readiness"})

    def now(self) -> int | None:
        """Return the server's time in microseconds since 1970; None if the server does not report it."""
        if not isinstance(self.sessions, Collection):  # mongomock has only this process's clock
            return instants.now()
        local = self.sessions.database.client.admin.command("hello").get("localTime")
        return (local.replace(tzinfo=UTC) - instants.EPOCH) // instants.MICROSECOND if local else None

    @contextmanager
    def deadline(self, seconds: float | None = None, *, is_begun: bool = False) -> Iterator[None]:
        """Limit all calls within the block together to `seconds` or the default; failures become a DatabaseFailure.

        While the database is unavailable this fails at once, since the client's monitors look for it. Only an answer
        that `is_begun` waits until its limit, because it cannot be replaced by an error any more.
        """
        try:
            if (
                self._is_unavailable
                and not is_begun
                and not self._open().client.topology_description.has_writable_server()
            ):
                self._client.follow()
                raise DatabaseUnavailable
            seconds = self._deadline_seconds if seconds is None else seconds
            with pymongo.timeout(max(seconds - OVERSHOOT_SECONDS, 0.1) if self._is_hurried else 0):
                self._make_collections()
                yield
        except (PyMongoError, DocumentTooLarge) as error:
            failure = meaning(error)
            if isinstance(failure, DatabaseUnavailable):
                self._note_failure(error)
            else:  # the server's message may repeat the data that was to be written, which must not be logged
                self._is_unavailable = False
                log.error("%s (%s)", failure.detail, type(error).__name__)
            raise failure from error
        self._is_unavailable = False

    @contextmanager
    def adding(self) -> Iterator[None]:
        """Limit all calls within the block as `deadline` does; DatabaseFull if there is no space to store anything."""
        if self._free_bytes and self._free_bytes() < LEAST_FREE_BYTES:
            if not self._is_full:
                log.error("less than 64 MiB are free where the database is: nothing is stored until there are more")
            self._is_full = True
            raise DatabaseFull
        self._is_full = False
        with self.deadline():
            yield

    @contextmanager
    def unhurried(self) -> Iterator[None]:
        """Lift the deadlines within the block, for commands, since no request waits for them."""
        if self._client.is_own:
            # The command may have started the embedded database, which takes some time.
            with pymongo.timeout(START_SECONDS if self._collections_first else self._deadline_seconds):
                self.sessions.database.command("ping")
        self._is_hurried = False
        try:
            with pymongo.timeout(0):  # None would leave the client's own deadline
                yield
        finally:
            self._is_hurried = True

    def create_indexes(self) -> None:
        """Create the missing indexes, without a deadline; PyMongoError if the database is unavailable."""
        with pymongo.timeout(0):
            self._make_collections()
            self.sessions.create_indexes(self._session_indexes)
            self.events.create_indexes(EVENT_INDEXES)

    def prepare(self) -> None:
        """Start connecting to the database, without waiting for it."""
        self._client.prepare()

    def tell_missing_indexes(self) -> None:
        """Log the names of missing indexes."""
        if missing := self.missing_indexes():
            log.warning("without the indexes %s requests are slow: run `flask init-db`", ", ".join(missing))

    def missing_indexes(self) -> list[str]:
        """Return the names of the missing indexes: without them the service is correct, but slow."""
        missing = []
        for where, indexes in ((self.sessions, self._session_indexes), (self.events, EVENT_INDEXES)):
            there = where.index_information()
            names = (index.document["name"] for index in indexes)
            missing += [f"{where.name}.{name}" for name in names if name not in there]
        return missing

    def close(self) -> None:
        """Close the client, whether or not the database is available."""
        self._client.close()

    def _make_collections(self) -> None:
        if self._collections_first:
            for missing in (self.sessions, self.events):
                try:
                    missing.database.command("create", missing.name)
                except OperationFailure as error:
                    if error.code != _EXISTS:
                        raise
            self._collections_first = False

    def _note_failure(self, error: PyMongoError | DocumentTooLarge) -> None:
        if not self._is_unavailable:
            log.warning("the database does not answer: %s", _logged(error))
        self._is_unavailable = True
        self._client.follow()

    def _open(self) -> Opened:
        return self._client.open(is_unavailable=self._is_unavailable)


def _logged(error: PyMongoError | DocumentTooLarge) -> str:
    """Return a failure's name and code for the log, without the server's message, which may quote written data."""
    if isinstance(error, OperationFailure):
        return f"{type(error).__name__}, code {error.code}"
    return str(error)
