"""The storage is correct in any order of concurrent database calls, and no part of it can be left out.

The battery runs more of the same.
"""

import pytest

from tests.battery import protocol, steps
from tests.battery.steps import WEAKENED, Schedule, until_wrong
from tests.databases import event
from videosession import instants
from videosession.database import Database
from videosession.errors import Conflict, NotFound
from videosession.sessions.appends import RECENT_BYTES
from videosession.sessions.repository import SessionRepository

pytestmark = pytest.mark.processes  # keeps the database busy


def test_the_model_of_the_storage_is_never_wrong():
    assert protocol.wrong(2000) == 0


@pytest.mark.parametrize("part", protocol.PARTS)
def test_the_model_without_any_one_of_its_parts_is_wrong(part):
    assert protocol.until_wrong(20_000, part) is not None


def test_the_repository_is_correct_in_any_order_of_its_calls():
    assert until_wrong(150) is None


@pytest.mark.parametrize("part", WEAKENED)
def test_the_repository_without_any_one_of_its_parts_is_wrong(part):
    appends, beside = WEAKENED[part]
    assert until_wrong(2 * steps.SCHEDULES, appends=appends, beside=beside) is not None


@pytest.mark.parametrize("seed", range(8))
def test_the_repository_is_correct_on_a_real_server_too(db, seed):
    assert Schedule(seed, db).wrong == []


STORED_AT = 1_772_359_200_000_000


@pytest.fixture(params=[RECENT_BYTES, 500, 0], ids=["in the session", "moving", "beside it"])
def sessions(db, request) -> SessionRepository:
    return SessionRepository(Database(str, db, deadline_seconds=60), instants.now, request.param)


def old_event(number: int) -> dict:
    return {
        "instant": number * instants.SECOND,
        "arrival": f"{STORED_AT:015x}0123456789{number:04x}",
        "eventId": f"e{number}",
        "type": "ping",
        "timestamp": event(second=number)["timestamp"],
        "exact": f'{{"$ref":"a","$id":{number}}}',
    }


@pytest.fixture(params=["beside the session", "in the session, as documents"])
def old(db, request) -> str:
    """A session with its events as earlier versions stored them, and return its id."""
    session_id = "0123456789abcdef" * 2
    session = {
        "_id": session_id,
        "owner": "alice",
        "title": "T",
        "description": "",
        "createdAt": STORED_AT,
        "version": 1,
        "revision": "0123456789abcdef",
        "lastEventAt": STORED_AT,
    }
    events = [old_event(number) for number in range(10)]
    if request.param == "beside the session":
        where = ({"_id": f"{session_id}:{each['eventId']}", "session": session_id} for each in events)
        db.events.insert_many([place | each for place, each in zip(where, events, strict=True)])
    else:
        session |= {"moved": 0, "recent": events, "size": 200}
    db.sessions.insert_one(session)
    return session_id


def read(sessions: SessionRepository, session_id: str) -> list[str]:
    return [each["eventId"] for batch in sessions.read(session_id, owner="alice").events for each in batch]


IDS = [f"e{number}" for number in range(10)]


def test_sessions_of_the_previous_version_can_be_read_in_every_way(sessions, old):
    assert read(sessions, old) == IDS
    assert [each["eventId"] for each in sessions.timeline_events(old, owner="alice")[1]] == IDS
    page = sessions.events_page(old, owner="alice", limit=4)
    assert [each["eventId"] for each in page.items] == IDS[:4]
    rest = sessions.events(old, owner="alice", after=page.place)
    assert [each["eventId"] for batch in rest for each in batch] == IDS[4:]
    assert sessions.event(old, "e7", owner="alice")["data"] == {"$ref": "a", "$id": 7}
    assert sessions.count(old, owner="alice") == 10
    assert sessions.newest(owner="alice", limit=1).items[0]["_id"] == old


def test_sessions_of_the_previous_version_accept_events(sessions, old):
    again = event("ping", 3) | {"eventId": "e3", "data": {"$ref": "a", "$id": 3}}
    for _ in range(4):
        sessions.append(old, [again, event("new", 20) | {"eventId": "n"}], owner="alice")
        sessions.append_one(old, event("another", 21), owner="alice")
    with pytest.raises(Conflict):
        sessions.append_one(old, again | {"data": {}}, owner="alice")
    assert read(sessions, old)[:11] == [*IDS, "n"]
    assert len(read(sessions, old)) == 15


def test_sessions_of_the_previous_version_can_be_deleted(sessions, old, db):
    sessions.append_one(old, event("another", 21), owner="alice")
    sessions.delete(old, owner="alice")
    assert db.events.count_documents({}) == 0
    with pytest.raises(NotFound):
        read(sessions, old)
