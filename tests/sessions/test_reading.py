"""Long sessions: every event once and in order, however distributed in time, in queries that match little."""

import random
from collections.abc import Callable, Iterator

import pymongo
import pytest

from tests.databases import event, failing
from tests.sessions.test_repository import Clock, Commands, create, read
from videosession.database import Database
from videosession.errors import DatabaseUnavailable, NotFound
from videosession.sessions import windows
from videosession.sessions.reading import PAGE_BYTES, Reads
from videosession.sessions.repository import SessionRepository

pytestmark = pytest.mark.processes  # keeps the database busy

BATCH, COUNT = 7, 60


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest.fixture
def store(mongo_uri, db, commands) -> Iterator:
    with pymongo.MongoClient(mongo_uri, event_listeners=[commands]) as client:
        yield client[db.name]


@pytest.fixture(params=[False, True], ids=["whole", "in windows"])
def sessions(store, request, monkeypatch) -> SessionRepository:
    """Reads a few events at a time, in windows where the database is such, also of a short session."""
    monkeypatch.setattr(windows, "LONG_SESSION", 20)
    return repository(store, request.param, recent_bytes=1000)


def repository(store, is_windowed: bool, recent_bytes: int = 0) -> SessionRepository:
    database = Database(str, store, deadline_seconds=60, windowed=is_windowed)
    sessions = SessionRepository(database, Clock(), recent_bytes)
    sessions._reads = Reads(database, BATCH)
    return sessions


SPREADS: dict[str, Callable[[random.Random, int], float]] = {
    "evenly": lambda _, number: number / 10,
    "backwards": lambda _, number: (COUNT - number) / 10,
    "all at one instant": lambda *_: 3,
    "at three instants": lambda chance, _: chance.choice([0, 5, 9]),
    "in two bursts": lambda chance, number: number % 2 * 50 + chance.random() / 1000,
    "one long before": lambda _, number: number and 59 + number / 1000,
    "anyhow": lambda chance, _: chance.random() * 59,
}


def fill(sessions: SessionRepository, spread: str) -> tuple[str, list[dict]]:
    """Append events one by one and in batches, and return them with their session."""
    chance, session_id, told = random.Random(spread), create(sessions), []
    seconds = [SPREADS[spread](chance, number) for number in range(COUNT)]
    while seconds:
        some = [seconds.pop(0) for _ in range(min(chance.choice([1, 1, 12]), len(seconds)))]
        made = [event(chance.choice("ab"), second, n=COUNT - len(seconds)) for second in some]
        told += sessions.append(session_id, made, owner="alice")
    return session_id, sorted(told, key=lambda each: each["timestamp"])


def numbers(events: list[dict]) -> list[str]:
    return [each["eventId"] for each in events]


def walk(sessions: SessionRepository, session_id: str, limit: int, **selected) -> list[dict]:
    found, place = [], None
    while True:
        page = sessions.events_page(session_id, owner="alice", limit=limit, after=place, **selected)
        assert len(page.items) <= limit
        found += page.items
        if page.place is None:
            return found
        place = page.place
        assert page.items


@pytest.mark.parametrize("spread", SPREADS)
def test_every_event_is_read_once_in_order_however_the_timestamps_are_distributed(sessions, spread):
    session_id, told = fill(sessions, spread)
    assert numbers(read(sessions, session_id)) == numbers(told)
    assert read(sessions, session_id) == told
    assert numbers(sessions.timeline_events(session_id, owner="alice")[1]) == numbers(told)
    for limit in (1, 4, 100):
        assert walk(sessions, session_id, limit) == told


@pytest.mark.parametrize("spread", ["at three instants", "anyhow"])
@pytest.mark.parametrize("kind", ["a", "b", "c"])
def test_a_filter_applies_to_events_in_the_session_and_beside_it(sessions, spread, kind):
    session_id, told = fill(sessions, spread)
    of_kind = [each for each in told if each["type"] == kind]
    assert walk(sessions, session_id, 3, type=kind) == of_kind
    streamed = sessions.events(session_id, owner="alice", type=kind)
    assert [each for batch in streamed for each in batch] == of_kind


def test_wrong_notes_in_a_session_about_its_events_do_not_change_what_is_read(sessions, store):
    session_id, told = fill(sessions, "anyhow")
    for wrong in ({"first": 10**15, "last": 2 * 10**15}, {"first": 0, "last": 0}, {"count": 10**9}, {"count": 20}):
        store.sessions.update_one({}, {"$set": {f"beside.{name}": value for name, value in wrong.items()}})
        assert read(sessions, session_id) == told
        assert walk(sessions, session_id, 9) == told


YEAR = 365 * 86400 * 1_000_000
WRONG_CLOCKS = {"right": [], "years behind": [-50 * YEAR], "years ahead": [50 * YEAR], "both": [-50 * YEAR, 50 * YEAR]}


def dated(instant: int) -> dict:
    """Return an event of a clock that is wrong."""
    wrong = event("a")
    wrong["timestamp"].microseconds = instant
    return wrong


@pytest.mark.parametrize("instants", WRONG_CLOCKS.values(), ids=WRONG_CLOCKS)
def test_no_query_of_a_long_session_matches_many_more_events_than_it_returns(store, commands, monkeypatch, instants):
    monkeypatch.setattr(windows, "LONG_SESSION", 20)
    sessions = repository(store, is_windowed=True, recent_bytes=1000)
    session_id, events = fill(sessions, "evenly")
    sessions.append(session_id, [event("a", 1), *map(dated, instants), event("a", 2)], owner="alice")
    for second in range(9):  # these move the ones before out
        sessions.append(session_id, [event("a", second)], owner="alice")
    assert store.events.count_documents({"instant": {"$in": instants}}) == len(instants)
    for asked in (lambda: read(sessions, session_id), lambda: walk(sessions, session_id, BATCH - 1)):
        commands.during(asked)
        finds = [command["filter"] for command in commands.sent if command.get("find") == "events"]
        assert (
            max(store.events.count_documents(query) for query in finds) <= 5 * BATCH
        )  # pages ask for as many more as the session has
        assert len(finds) < len(events)


@pytest.mark.parametrize("selected", [{}, {"type": "none"}], ids=["a page", "a rare type"])
def test_a_million_events_of_which_few_match_are_skipped_in_few_queries(store, commands, selected):
    sessions = repository(store, is_windowed=True)
    session_id, told = fill(sessions, "evenly")
    store.sessions.update_one({}, {"$set": {"beside.count": 1_000_000}})
    after = sessions.events_page(session_id, owner="alice", limit=30).place
    commands.during(lambda: sessions.events_page(session_id, owner="alice", limit=50, after=after, **selected))
    assert len([command for command in commands.sent if command.get("find") == "events"]) < 100


def test_every_batch_is_a_query_of_its_own(sessions, commands, mongo):
    """The server counts the time limit of the first find for all batches of a cursor, so each batch has its own."""
    session_id, told = fill(sessions, "all at one instant")
    with failing(mongo, "getMore", times=9, errorCode=50):
        names = commands.during(lambda: read(sessions, session_id))
    assert set(names) == {"find"}
    assert all(command["maxTimeMS"] > 0 for command in commands.sent)


def test_a_failing_batch_ends_the_reading_with_an_error(sessions, mongo):
    session_id, _ = fill(sessions, "evenly")
    batches = sessions.read(session_id, owner="alice").events
    next(batches)
    with failing(mongo, "find", errorCode=50), pytest.raises(DatabaseUnavailable):
        list(batches)


def test_reading_ends_with_an_error_once_the_session_is_deleted(sessions):
    session_id, _ = fill(sessions, "evenly")
    readings = [
        sessions.read(session_id, owner="alice").events,
        sessions.events(session_id, owner="alice"),
        sessions.timeline_events(session_id, owner="alice")[1],
    ]
    for each in readings:
        next(each)
    sessions.delete(session_id, owner="alice")
    for each in readings:
        with pytest.raises(NotFound):
            list(each)


@pytest.mark.parametrize("recent_bytes", [0, 1000])
def test_a_page_ends_at_a_number_of_bytes_but_has_at_least_one_event(store, recent_bytes):
    sessions = repository(store, is_windowed=False, recent_bytes=recent_bytes)
    session_id = create(sessions)
    for second in range(12):
        sessions.append_one(session_id, event(second=second, text="x" * 900_000), owner="alice")
    page = sessions.events_page(session_id, owner="alice", limit=1000)
    assert len(page.items) == PAGE_BYTES // 900_000
    assert len(walk(sessions, session_id, 1000)) == 12
    monstrous = create(sessions)
    sessions.append_one(monstrous, event(text="x" * (PAGE_BYTES + 1)), owner="alice")
    assert len(sessions.events_page(monstrous, owner="alice", limit=10).items) == 1
