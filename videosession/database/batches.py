"""Bulk inserts and single-batch finds, where PyMongo's own methods hide what the service has to know."""

from itertools import islice
from typing import Any, NamedTuple

import bson
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DuplicateKeyError

DUPLICATE = 11000  # the code of a write error
SAMPLES = 16


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
    """What one reply had of a find's documents, and whether there may be more."""

    documents: list[dict]
    is_cut: bool

    def mean_size(self) -> int:
        """Return how many bytes one of the documents has, by a few of them; at least one is there."""
        some = self.documents[:: max(len(self.documents) // SAMPLES, 1)]
        return sum(len(bson.encode(each)) for each in some) // len(some)


def find_batch(collection: Collection, query: dict, fields: dict, order: list, count: int) -> Batch:
    """Return the first `count` documents at most that a find gives in one reply.

    A reply has no more than 16 MB, and the next would be asked for without a time limit of its own: none is.
    """
    options: dict[str, Any] = {"sort": order, "limit": count, "batch_size": count}
    if not isinstance(collection, Collection):  # an in-memory stand-in has no wire
        found = list(collection.find(query, fields, **options))
        return Batch(found, len(found) == count)
    cursor = collection.find(query, fields, **options)
    found = list(islice(cursor, 1))
    if found and (others := cursor.retrieved - 1):
        found += cursor.to_list(others)
    is_cut = len(found) == count or cursor.alive
    cursor.close()
    return Batch(found, is_cut)
