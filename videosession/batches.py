"""Bulk inserts and single-batch finds, where PyMongo's own methods hide what the service has to know."""

from typing import Any, NamedTuple

import bson
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DuplicateKeyError

DUPLICATE = 11000  # the code of a write error


def insert(collection: Collection, documents: list[dict]) -> list[dict]:
    """Insert documents, and return those whose `_id` exists already; any other failure is an error.

    What exists already counts as stored only if the write concern was met: otherwise it may still be rolled back.
    """
    try:
        if len(documents) == 1:
            collection.insert_one(documents[0])
            return []
    except DuplicateKeyError:
        pass  # it does not tell of the write concern: ask again in the way that does
    try:
        collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        faults = error.details["writeErrors"]
        if error.details.get("writeConcernErrors") or any(fault["code"] != DUPLICATE for fault in faults):
            raise
        return [documents[fault["index"]] for fault in faults]
    return []


class Batch(NamedTuple):
    """What one reply had of a find's documents, how many bytes they are, and whether there may be more."""

    documents: list[dict]
    size: int
    is_cut: bool


def find_batch(collection: Collection, query: dict, fields: dict, order: list, count: int) -> Batch:
    """Return the first `count` documents at most that a find gives in one reply.

    A reply has no more than 16 MB, and the next would be asked for without a time limit of its own: none is.
    """
    options: dict[str, Any] = {"sort": order, "limit": count, "batch_size": count}
    if not isinstance(collection, Collection):  # an in-memory stand-in has no wire
        found = list(collection.find(query, fields, **options))
        return Batch(found, 0, len(found) == count)
    cursor = collection.find_raw_batches(query, fields, **options)
    reply = next(cursor, b"")
    found = bson.decode_all(reply, collection.codec_options)
    is_cut = len(found) == count or cursor.alive
    cursor.close()
    return Batch(found, len(reply), is_cut)
