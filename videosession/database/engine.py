"""The examination of the database server: does it keep what the service promises?

Many servers speak MongoDB's protocol, and some of them lose writes or change what they store. The examination takes
well below a second, in a collection of its own that is dropped afterwards. It cannot show that a server survives a
power cut; it shows what no correct server does.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pymongo
from bson import CodecOptions, encode
from bson.raw_bson import RawBSONDocument
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, OperationFailure

from videosession.database import Database
from videosession.database.errors import meaning
from videosession.errors import DatabaseUnavailable, DatabaseUnsafe

log = logging.getLogger(__name__)

LEAST_WIRE_VERSION = 13  # MongoDB 5.0
LONGEST_SECONDS = 30
INCREMENTS, THREADS = 200, 4
RACES, UPDATES_A_RACE = 20, 6
_SCRATCH = "engine_check_"
_ABANDONED_SECONDS = 3600

# What clients may send, by what it is called where it does not come back as it was sent.
VALUES = {
    "keys with dots": {"a.b": 1, ".": 2},
    "keys with dollars": {"$a": 1, "b$": {"$c": 2}},
    "an empty key": {"": 1},
    "arrays in arrays": [[1, [2, []]], [[]]],
    "negative zero": -0.0,
    "a NUL in a text": "a\0b",
    "the largest integer": 2**63 - 1,
    "the smallest number": 5e-324,
    "what looks like a DBRef": {"$ref": "a", "$id": {"$ref": "b", "$id": 1}, "c": 2},
}


class Engine:
    """The server of `database`, and what its last examination found."""

    def __init__(self, database: Database):
        self._database = database
        self.faults: list[str] = []

    def examine(self) -> list[str]:
        """Return what is wrong with the server, in words, and log it; PyMongoError where it does not answer.

        One that does not let the service make a collection is not examined, and the log says so.
        """
        try:
            self.faults = examine(self._database.sessions)
        except OperationFailure as error:
            if isinstance(failure := meaning(error), DatabaseUnavailable):
                raise
            log.warning("the database could not be examined: %s", failure.detail)
        for fault in self.faults:
            log.warning("the database is not safe to use: %s", fault)
        return self.faults

    def check(self) -> None:
        """Raise DatabaseUnsafe where the last examination found something wrong."""
        if self.faults:
            raise DatabaseUnsafe(self.faults)


def examine(like: Collection) -> list[str]:
    """Return what is wrong with the server, examined with the same guarantees as a collection has."""
    if not isinstance(like, Collection):  # an in-memory stand-in, which is no server
        return []
    with pymongo.timeout(LONGEST_SECONDS), _scratch(like) as scratch:
        checks = (_keeps_values, _counts, _keeps_conditions, _refuses_duplicates)
        return [*_speaks(like), *(fault for check in checks for fault in check(scratch))]


@contextmanager
def _scratch(like: Collection) -> Iterator[Collection]:
    """Yield a temporary collection, and drop those of interrupted examinations."""
    database, now = like.database, int(time.time())
    for name in database.list_collection_names(filter={"name": {"$regex": f"^{_SCRATCH}"}}):
        if int(name.removeprefix(_SCRATCH).partition("_")[0], 16) < now - _ABANDONED_SECONDS:
            database.drop_collection(name)
    name = f"{_SCRATCH}{now:x}_{secrets.token_hex(4)}"
    database.command("create", name)
    try:
        yield database.get_collection(
            name, write_concern=like.write_concern, read_preference=like.read_preference, read_concern=like.read_concern
        )
    finally:
        database.drop_collection(name)


@contextmanager
def _meanwhile(*deeds: Callable[[], None]) -> Iterator[None]:
    """Do each in a thread of its own during the block, which ends when all are done; raise what goes wrong there.

    Not in a pool: that starts no thread once the process has begun to end, and an examination may be about to.
    """
    errors: list[Exception] = []

    def run(deed: Callable[[], None]) -> None:
        try:
            deed()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(deed,), daemon=True) for deed in deeds]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]


def _speaks(collection: Collection) -> Iterator[str]:
    version = collection.database.client.admin.command("hello").get("maxWireVersion", 0)
    if version < LEAST_WIRE_VERSION:
        yield f"it is too old: its wire version is {version}, and MongoDB 5.0 has {LEAST_WIRE_VERSION}"


def _keeps_values(scratch: Collection) -> Iterator[str]:
    """Store everything at once; if that fails, each value alone, to say which one failed."""
    if _change(scratch, VALUES):
        for name, value in VALUES.items():
            if how := _change(scratch, {"value": value}):
                yield f"{name} {how}"


def _change(scratch: Collection, content: dict) -> str:
    """Return what happens to content where it does not come back as it was sent: inserted, and pushed to an array."""
    document = {"_id": secrets.token_hex(8), "content": content, "pushed": []}
    raw = scratch.with_options(CodecOptions(document_class=RawBSONDocument))
    try:
        scratch.insert_one(document)
        scratch.update_one({"_id": document["_id"]}, {"$push": {"pushed": {"$each": [content]}}})
    except OperationFailure as error:
        if error.timeout:
            raise
        return f"cannot be stored (code {error.code})"
    found = raw.find_one({"_id": document["_id"]})
    is_same = found is not None and found.raw == encode(document | {"pushed": [content]})
    return "" if is_same else "comes back changed"


def _counts(scratch: Collection) -> Iterator[str]:
    """Increment one number from several threads: a server that reads, adds and writes back loses some."""
    scratch.insert_one({"_id": "count", "number": 0})

    def add() -> None:
        for _ in range(INCREMENTS // THREADS):
            scratch.update_one({"_id": "count"}, {"$inc": {"number": 1}})

    with _meanwhile(*[add] * THREADS):
        pass
    counted = (scratch.find_one({"_id": "count"}) or {}).get("number")
    if counted != INCREMENTS:
        yield f"it loses updates: {INCREMENTS} increments from {THREADS} threads made {counted}"


def _keeps_conditions(scratch: Collection) -> Iterator[str]:
    """Replace documents while they are updated: what is replaced for good must not come back."""
    alive = {"deleted": {"$exists": False}}
    scratch.insert_one({"_id": "alone", "deleted": True})
    if scratch.update_one({"_id": "alone"} | alive, {"$set": {"changed": True}}).matched_count:
        yield "it updates a document that does not meet the condition"

    def update(name: str) -> None:
        for _ in range(UPDATES_A_RACE):
            scratch.update_one({"_id": name} | alive, {"$inc": {"number": 1}})

    names = [f"race {number}" for number in range(RACES)]
    for name in names:
        scratch.insert_one({"_id": name, "number": 0})
        with _meanwhile(partial(update, name)):
            scratch.replace_one({"_id": name} | alive, {"_id": name, "deleted": True})
    kept = scratch.count_documents({"_id": {"$in": names}, "deleted": True, "number": {"$exists": False}})
    if kept != RACES:
        yield f"it brings back what was deleted: {RACES - kept} of {RACES} documents that were updated meanwhile"


def _refuses_duplicates(scratch: Collection) -> Iterator[str]:
    scratch.insert_one({"_id": "twice"})
    try:
        scratch.insert_one({"_id": "twice"})
    except DuplicateKeyError:
        return
    except OperationFailure as error:
        if error.timeout:
            raise
        yield f"it refuses a second document with the same _id by code {error.code}, not 11000"
        return
    yield "it stores two documents with the same _id"
