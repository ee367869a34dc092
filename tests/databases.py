"""Databases for tests, on the embedded server or on the one that MONGODB_TEST_URI names, and what to put there."""

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pymongo
import pytest
from pymongo.errors import OperationFailure
from pymongo.monitoring import CommandListener

from videosession.instants import SECOND
from videosession.sessions.fields import Timestamp

WRITE_CONCERN_FAILED = {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}}
NAMED = os.environ.get("MONGODB_TEST_URI")
NO_FAIL_POINTS = "this server has no fail points (configureFailPoint): what it does when it fails was not tested"
NO_PLANS = "this server does not explain its plans as MongoDB does: which indexes it uses was not tested"
SKIPPED_LOUDLY = (NO_FAIL_POINTS, NO_PLANS)
_can_fail: dict[tuple[str, int] | None, bool] = {}  # asked once of each server


def in_database(uri: str, name: str) -> str:
    """Return the address of another database on the same server."""
    return re.sub(r"(://[^/?]+)(/[^?]*)?", rf"\1/{name}", uri, count=1)


@contextmanager
def empty_database(client) -> Iterator:
    """Yield an empty database; only a named server is rid of it: the embedded one is slow at that, and goes itself."""
    database = client[f"test_{uuid.uuid4().hex}"]
    yield database
    if NAMED:
        client.drop_database(database.name)


def event(kind: str = "play", second: float = 0, **data) -> dict:
    """Make an event as the repository takes it."""
    timestamp = Timestamp(f"2026-03-01T10:00:{second:09.6f}Z")
    timestamp.microseconds = int(second * SECOND)
    return {"type": kind, "timestamp": timestamp, "data": data}


def need_fail_points(mongo: pymongo.MongoClient) -> None:
    """Skip the test where the server cannot be told to fail."""
    if mongo.address not in _can_fail:
        try:
            mongo.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
            _can_fail[mongo.address] = True
        except OperationFailure:
            _can_fail[mongo.address] = False
    if not _can_fail[mongo.address]:
        pytest.skip(NO_FAIL_POINTS)


class Finds(CommandListener):
    """Notes what is looked for in a collection, as a database can explain it."""

    def __init__(self, collection: str):
        self._collection = collection
        self.seen: list[dict] = []

    def started(self, event) -> None:
        if event.command.get("find") == self._collection:
            parts = ("find", "filter", "sort", "limit", "hint")
            self.seen.append({part: event.command[part] for part in parts if part in event.command})

    def succeeded(self, event) -> None: ...
    def failed(self, event) -> None: ...


def winning_plan(database, find: dict) -> str:
    """Return how the server would find it, as text; where it does not say so, the test is skipped."""
    try:
        return str(database.command("explain", find)["queryPlanner"]["winningPlan"])
    except (OperationFailure, LookupError):
        pytest.skip(NO_PLANS)


@contextmanager
def failing(mongo, command: str, *, times: int = 1, mode: dict | None = None, **how):
    """Have the server fail in this way, so many times; where it cannot, the test is skipped."""
    need_fail_points(mongo)
    data = {"failCommands": [command]} | how
    mongo.admin.command({"configureFailPoint": "failCommand", "mode": mode or {"times": times}, "data": data})
    try:
        yield
    finally:
        mongo.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
