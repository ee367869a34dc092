"""Databases for tests, on the embedded server or on the one that MONGODB_TEST_URI names, and what to put there."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from videosession.instants import SECOND
from videosession.sessions.schemas import Timestamp

WRITE_CONCERN_FAILED = {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}}
NAMED = os.environ.get("MONGODB_TEST_URI")


@contextmanager
def empty_database(client) -> Iterator:
    """Give an empty database; only a named server is rid of it: the embedded one is slow at that, and goes itself."""
    database = client[f"test_{uuid.uuid4().hex}"]
    yield database
    if NAMED:
        client.drop_database(database.name)


def event(kind: str = "play", second: float = 0, **data) -> dict:
    """Make an event as the repository takes it."""
    timestamp = Timestamp(f"2026-03-01T10:00:{second:09.6f}Z")
    timestamp.microseconds = int(second * SECOND)
    return {"type": kind, "timestamp": timestamp, "data": data}


@contextmanager
def failing(mongo, command: str, *, times: int = 1, mode: dict | None = None, **how):
    """Have the server fail in this way, so many times."""
    data = {"failCommands": [command]} | how
    mongo.admin.command({"configureFailPoint": "failCommand", "mode": mode or {"times": times}, "data": data})
    try:
        yield
    finally:
        mongo.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
