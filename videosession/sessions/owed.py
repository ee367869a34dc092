"""The daily sums that may not know yet what happened to a session, and how they are told.

    sum       of an owner's video and a day, by `createdAt` in UTC; a new random `token` tells it that a session changed
    PATCH     `owes` += the previous video's sum, in its own update → the sum's token
    removal   a tombstone that keeps `owes` + the session's sum → their tokens → unset `owes`; the sweep resumes

Whoever dies in between leaves `owes`, and the sums are told later.
"""

import hashlib
import secrets
from collections.abc import Collection
from typing import Any

import orjson

from videosession.database import Database
from videosession.instants import SECOND

DAY = 24 * 3600 * SECOND


def video_key(owner: str, video_id: str) -> str:
    """Return the key of an owner's video in the database, whatever its id contains."""
    return hashlib.sha256(orjson.dumps([owner, video_id])).hexdigest()


def sum_id(owner: str, video_id: str, created_at: int) -> str:
    return f"{video_key(owner, video_id)}:{created_at // DAY}"


def sums_of(session: dict[str, Any]) -> set[str]:
    """Return the ids of the sums that count a session, or did before it was changed."""
    owed = set(session.get("owes", ()))
    if "videoId" in session:
        owed.add(sum_id(session["owner"], session["videoId"], session["createdAt"]))
    return owed


def tell(database: Database, sums: Collection[str]) -> None:
    """Give those of the sums that there are a new token: they are made again before they are used."""
    if sums:
        told = {"$set": {"token": secrets.token_hex(8)}}
        database.sums.update_many({"_id": {"$in": sorted(sums)}}, told)
