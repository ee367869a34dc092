"""Lists an owner's sessions, newest first."""

import pymongo

from videosession.database import Database
from videosession.sessions.reading import Page

_NEWEST_FIRST = [("createdAt", pymongo.DESCENDING), ("_id", pymongo.DESCENDING)]


def newest(
    database: Database, owner: str, limit: int, after: tuple | None, filters: dict[str, str], fields: dict
) -> Page:
    """Return up to `limit` of an owner's sessions after a position in their order, with these fields."""
    found: list[dict] = []
    for places in _places_before(after):
        if missing := limit + 1 - len(found):
            query = {"owner": owner} | filters | places
            found += database.sessions.find(query, fields, sort=_NEWEST_FIRST, limit=missing)
    last = found[limit - 1] if len(found) > limit else None
    return Page(found[:limit], (last["createdAt"], last["_id"]) if last else None)


def _places_before(place: tuple | None) -> list[dict]:
    """Return queries for the sessions after a position; each reads no more of its index than it returns."""
    if place is None:
        return [{"createdAt": {"$gt": 0}}]  # a tombstone has no such field
    created_at, session_id = place
    return [{"createdAt": created_at, "_id": {"$lt": session_id}}, {"createdAt": {"$lt": created_at}}]
