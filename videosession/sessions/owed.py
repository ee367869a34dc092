"""The daily sums that a changed session still has to invalidate (it "owes" them).

    sum       of an owner's video and a day, by `createdAt` in UTC; a new random `token` invalidates it
    PATCH     `owes` += the previous video's sum, in its own update → the sum's token
    removal   a tombstone that keeps `owes` + the session's sum → their tokens → unset `owes`; the sweep resumes

If a process dies in between, `owes` remains, and the sums are invalidated later.
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


def invalidate(database: Database, sums: Collection[str]) -> None:
    """Give the existing ones of these sums a new token, so that they are computed again before they are used."""
    if sums:
        change = {"$set": {"token": secrets.token_hex(8)}}
        database.sums.update_many({"_id": {"$in": sorted(sums)}}, change)
