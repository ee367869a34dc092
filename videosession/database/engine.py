"""The examination of the database server: can it keep the service's guarantees?

Many servers speak MongoDB's protocol, and some of them lose writes or change stored values. The examination takes well
below a second, in a collection of its own that is dropped afterwards. It cannot show that a server survives a power
cut; it finds behaviour that no correct server has.
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

# Values that clients may send, by the name that a message gives them if the server changes them.
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
    """Examines the server of `database`, and keeps the faults that it found last."""

    def __init__(self, database: Database):
        self._database = database
        self.faults: list[str] = []

    def examine(self) -> list[str]:
        """Return the server's faults in words, and log them; PyMongoError if it does not answer.

        A server that does not let the service create a collection is not examined, and the log says so.
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
        """Raise DatabaseUnsafe if the last examination found faults."""
        if self.faults:
            raise DatabaseUnsafe(self.faults)


def examine(like: Collection) -> list[str]:
    """Return the server's faults, examined with the same read and write concerns as a collection."""
    if not isinstance(like, Collection):  # mongomock is not a server
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
def _meanwhile(*operations: Callable[[], None]) -> Iterator[None]:
    """Run each operation in its own thread during the block, wait for all at its end, and raise their exceptions.

    This uses no pool, which would start no thread once the process is ending.
    """
    errors: list[Exception] = []

    def run(deed: Callable[[], None]) -> None:
        try:
            deed()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(operation,), daemon=True) for operation in operations]
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
    """Store all values at once; if that fails, store each one alone, and yield those that fail."""
    if _change(scratch, VALUES):
        for name, value in VALUES.items():
            if how := _change(scratch, {"value": value}):
                yield f"{name} {how}"


def _change(scratch: Collection, content: dict) -> str:
    """Return how content is changed when it is inserted, or pushed to an array; empty if it is not."""
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
    """Increment one number from several threads: a server whose increments are not atomic loses some."""
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
    """Replace documents while they are updated: a replaced document must not come back."""
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
