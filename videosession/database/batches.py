"""Bulk inserts and single-batch finds; PyMongo's own methods hide details that the service needs."""

from itertools import islice
from typing import Any, NamedTuple

import bson
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DuplicateKeyError

DUPLICATE = 11000  # the code of a write error
SAMPLES = 16


def insert(collection: Collection, documents: list[dict]) -> list[dict]:
    """Insert documents, and return those whose `_id` exists already; any other failure is an error.

    Existing documents count as stored only if the write concern was met; otherwise they may still be rolled back.
    """
    try:
        if len(documents) == 1:
            collection.insert_one(documents[0])
            return []
    except DuplicateKeyError:
        pass  # this error does not contain the write concern's result, so insert again in a way that reports it
    try:
        collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        faults = error.details["writeErrors"]
        if error.details.get("writeConcernErrors") or any(fault["code"] != DUPLICATE for fault in faults):
            raise
        return [documents[fault["index"]] for fault in faults]
    return []


class Batch(NamedTuple):
    """The documents of a find's first reply, and whether there may be more."""

    documents: list[dict]
    is_cut: bool

    def mean_size(self) -> int:
        """Return the mean size of a document in bytes, estimated from a few; there must be at least one."""
        some = self.documents[:: max(len(self.documents) // SAMPLES, 1)]
        return sum(len(bson.encode(each)) for each in some) // len(some)


def find_batch(collection: Collection, query: dict, fields: dict, order: list, count: int) -> Batch:
    """Return at most the first `count` documents that a find returns in one reply.

    A reply has at most 16 MB. No further reply is requested, since it would have no time limit of its own.
    """
    options: dict[str, Any] = {"sort": order, "limit": count, "batch_size": count}
    if not isinstance(collection, Collection):  # mongomock has no replies
        found = list(collection.find(query, fields, **options))
        return Batch(found, len(found) == count)
    cursor = collection.find(query, fields, **options)
    found = list(islice(cursor, 1))
    if found and (others := cursor.retrieved - 1):
        found += cursor.to_list(others)
    is_cut = len(found) == count or cursor.alive
    cursor.close()
    return Batch(found, is_cut)
