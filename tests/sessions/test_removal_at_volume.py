"""Sessions too long to be deleted at once: gone at once for clients, and removed step by step."""

import time

import pytest

from tests.databases import empty_database, failing
from tests.service import SECRET
from videosession import instants
from videosession.app import create_app
from videosession.database import DEADLINE_SECONDS, Database
from videosession.errors import DatabaseUnavailable, NotFound
from videosession.sessions import removal as removal_module
from videosession.sessions.removal import Removal
from videosession.sessions.repository import SessionRepository
from videosession.sessions.schemas import NewEvent

pytestmark = pytest.mark.processes  # keeps the database busy

EVENT = {"type": "ping", "timestamp": "2026-03-01T10:00:00Z"}
TOO_SLOW = {"blockConnection": True, "blockTimeMS": 1000 * DEADLINE_SECONDS + 500}


@pytest.fixture
def store(mongo):
    with empty_database(mongo) as database:
        yield database


@pytest.fixture
def sessions(store) -> SessionRepository:
    return SessionRepository(Database(lambda: "", store), instants.now, recent_bytes=0)


@pytest.fixture
def removal(store) -> Removal:
    return Removal(Database(lambda: "", store), instants.now)


def fill(sessions: SessionRepository) -> str:
    session_id = sessions.create(owner="alice", title="a secret", description="")["_id"]
    sessions.append(session_id, NewEvent().load([EVENT] * 3, many=True), owner="alice")
    return session_id


def test_deleting_a_very_long_session_answers_in_time_and_the_rest_is_swept(sessions, removal, store, mongo):
    session_id = fill(sessions)
    started = time.monotonic()
    with failing(mongo, "delete", **TOO_SLOW):
        sessions.delete(session_id, owner="alice")
        assert time.monotonic() - started < DEADLINE_SECONDS
    with pytest.raises(NotFound):
        sessions.read(session_id, owner="alice")
    assert "a secret" not in str(list(store.sessions.find()))
    removal.sweep()
    removal.sweep()
    assert store.events.count_documents({}) == 0


def test_a_session_too_long_for_one_sweep_does_not_delay_others(sessions, removal, store, mongo):
    deleted = [fill(sessions), fill(sessions)]
    for session_id in deleted:
        with failing(mongo, "delete", errorCode=50):
            sessions.delete(session_id, owner="alice")
    assert store.events.count_documents({}) == 6
    with failing(mongo, "delete", errorCode=50):  # the sweep of one of them ran out of time
        removal.sweep()
    assert store.events.count_documents({}) == 3
    removal.sweep()
    assert store.events.count_documents({}) == 0


def test_purge_waits_longer_than_a_request_would(store, mongo):
    database = Database(lambda: "", store)
    with (
        failing(mongo, "find", blockConnection=True, blockTimeMS=400),
        pytest.raises(DatabaseUnavailable),
        database.deadline(0),
    ):
        database.sessions.find_one()
    with failing(mongo, "find", blockConnection=True, blockTimeMS=400), database.unhurried(), database.deadline(0):
        assert database.sessions.find_one() is None


def test_purge_removes_all_leftovers_or_says_that_it_could_not(sessions, store, mongo):
    session_id = fill(sessions)
    with failing(mongo, "delete", errorCode=50):
        sessions.delete(session_id, owner="alice")
    command = create_app({"JWT_SECRET": SECRET}, db=store).test_cli_runner()
    with failing(mongo, "delete", errorCode=50):
        assert command.invoke(args=["purge"]).exit_code == 1
    assert store.events.count_documents({}) == 3
    assert command.invoke(args=["purge"]).exit_code == 0
    assert store.events.count_documents({}) == 0


def test_many_events_are_removed_in_ranges(sessions, store, monkeypatch):
    monkeypatch.setattr(removal_module, "EVENTS_AT_ONCE", 10)
    session_id, other = fill(sessions), fill(sessions)
    many = [dict(EVENT, timestamp=f"2026-03-01T10:00:{second:02}Z") for second in range(42)]
    sessions.append(session_id, NewEvent().load(many, many=True), owner="alice")
    removed = []
    delete = type(store.events).delete_many

    def count_removed(collection, query, **options):
        removed.append(delete(collection, query, **options).deleted_count)

    monkeypatch.setattr(type(store.events), "delete_many", count_removed)
    sessions.delete(session_id, owner="alice")
    assert (sum(removed), max(removed) < 15) == (45, True)
    assert {each["session"] for each in store.events.find()} == {other}
