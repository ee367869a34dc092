"""A server that answers everything with an error: fail points."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pymongo

from tests.battery.finding import Finding, control, timed
from tests.battery.stage import Stage, stage
from tests.client import Client
from tests.service import wait_until
from tests.test_database_away import EVENT, failing, running
from videosession.database import Database

# Those after which a driver tries again, from the specification of retryable writes, and a full disk's.
CODES = [1, 6, 7, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436]
COMMANDS = ("insert", "find", "update", "delete")
LONGEST_SECONDS = 3.5
UNSURE: list[dict] = [
    {"closeConnection": True},
    {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}},
    {"writeConcernError": {"code": 91, "errmsg": "shutting down"}},
]


def experiments() -> Iterator[Finding]:
    """Fail with each code at each command; then the same without the translation of failures."""
    with stage() as built:
        statuses, slowest = every_fault(built)
        right = set(statuses) <= {200, 201, 503} and slowest <= LONGEST_SECONDS
        what = f"fail points: {len(CODES)} error codes and {len(UNSURE)} uncertain results × {', '.join(COMMANDS)}"
        figures = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
        yield Finding(what, f"{figures}, the slowest {slowest:.1f} s", right)
        with without_translation():
            statuses, _ = every_fault(built, CODES[:2])
        figures = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
        yield control("the same, without translating the driver's errors", figures, set(statuses) <= {200, 201, 503})


def every_fault(built: Stage, codes: list[int] = CODES) -> tuple[Counter, float]:
    """Try each operation with each fault; return the statuses and the longest time."""
    statuses, slowest = Counter(), 0.0
    hows: list[dict] = [{"errorCode": code} for code in codes] + UNSURE
    with running(built.database.uri) as app, pymongo.MongoClient(built.database.uri) as mongo:
        client = Client(app)
        wait_until(lambda: client.post("/api/sessions", {"title": "x"}).status_code == 201)
        for command in COMMANDS:
            for how in hows:
                deed = _deed(client, command)
                with failing(mongo, command, **how):
                    answer, seconds = timed(deed)
                statuses[answer.status_code] += 1
                slowest = max(slowest, seconds)
                wait_until(lambda: client.post("/api/sessions", {"title": "x"}).status_code == 201)
    return statuses, slowest


def _deed(client: Client, command: str) -> Callable:
    session_id = client.new_session()
    path = f"/api/sessions/{session_id}"
    return {
        "insert": lambda: client.append(session_id, EVENT),
        "find": lambda: client.get(path),
        "update": lambda: client.append(session_id, EVENT),
        "delete": lambda: client.delete(path),
    }[command]


@contextmanager
def without_translation() -> Iterator[None]:
    """Do not translate the driver's errors, as a first version would not."""
    translating = Database.deadline

    @contextmanager
    def deadline(self: Database, seconds: float | None = 3, *, is_begun: bool = False) -> Iterator[None]:
        with pymongo.timeout(seconds):
            yield

    Database.deadline = deadline
    try:
        yield
    finally:
        with suppress(AttributeError):
            Database.deadline = translating
