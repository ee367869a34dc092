"""The repository's rules, the same on every database: one in memory, the embedded one, and one that is named.

`MONGODB_TEST_URI` names another server to run them on.
"""

import inspect
from collections.abc import Callable

import mongomock
import pymongo
import pytest
from pymongo.monitoring import CommandListener

from tests.answers import canonical
from tests.databases import NAMED, empty_database, event
from tests.service import SECRET
from videosession.app import create_app
from videosession.database import Database, plans_by_hints
from videosession.errors import NotFound
from videosession.instants import SECOND
from videosession.services import services_of
from videosession.sessions.appends import RECENT_BYTES
from videosession.sessions.events import Events
from videosession.sessions.recently_seen import REMEMBERED_SESSIONS, RecentlySeen
from videosession.sessions.removal import SETTLED_SECONDS, TOMBSTONE_KEPT_SECONDS, Removal
from videosession.sessions.repository import WITHOUT_EVENTS, SessionRepository

SERVERS = ["embedded", "named"] if NAMED else ["embedded"]
on_a_wire = pytest.mark.parametrize("server", SERVERS, indirect=True)


class Clock:
    """A clock that is set by hand, and moves a microsecond whenever somebody looks at it."""

    def __init__(self):
        self.microseconds = 1_772_359_200_000_000

    def __call__(self) -> int:
        self.microseconds += 1
        return self.microseconds

    def move(self, seconds: float) -> None:
        self.microseconds += int(seconds * SECOND)


class Commands(CommandListener):
    """What was asked of the database."""

    def __init__(self):
        self.sent: list[dict] = []

    def started(self, event) -> None:
        self.sent.append(event.command)

    def succeeded(self, event) -> None: ...

    def failed(self, event) -> None: ...

    def during(self, deed: Callable[[], object]) -> list[str]:
        """Name the commands that `deed` takes."""
        self.sent.clear()
        deed()
        return [next(iter(command)) for command in self.sent]


@pytest.fixture(scope="module")
def commands() -> Commands:
    return Commands()


@pytest.fixture(scope="module", params=["memory", *SERVERS])
def server(request, commands):
    """A client of a database server of each kind."""
    if request.param == "memory":
        yield mongomock.MongoClient()
        return
    uri = NAMED if request.param == "named" else request.getfixturevalue("embedded").uri
    with pymongo.MongoClient(uri, event_listeners=[commands]) as client:
        yield client


@pytest.fixture
def store(server):
    with empty_database(server) as database:
        yield database


@pytest.fixture
def clock() -> Clock:
    return Clock()


# Where events are: all in their session, some moved out of it from time to time, none in it.
BOUNDS = {"in the session": RECENT_BYTES, "moving": 500, "beside it": 0}


@pytest.fixture(params=list(BOUNDS.values()), ids=list(BOUNDS))
def sessions(store, clock, request) -> SessionRepository:
    return repository(store, clock, request.param)


@pytest.fixture
def ordinary(store, clock) -> SessionRepository:
    """Bounded as the service is."""
    return repository(store, clock)


def repository(store, clock, recent_bytes: int = RECENT_BYTES) -> SessionRepository:
    """Make a repository as another process would: it remembers nothing of what others did."""
    return SessionRepository(Database(lambda: "", store, deadline_seconds=30), clock, recent_bytes)


def create(sessions: SessionRepository, owner: str = "alice", **content) -> str:
    return sessions.create(owner=owner, **({"title": "T", "description": "D"} | content))["_id"]


def read(sessions: SessionRepository, session_id: str, owner: str = "alice") -> list[dict]:
    """Read all events of a session."""
    return [event for batch in sessions.read(session_id, owner=owner).events for event in batch]


def types(sessions: SessionRepository, session_id: str) -> list[str]:
    return [event["type"] for event in read(sessions, session_id)]


# Every verb that is about one session, with what it needs beside the session and its owner.
VERBS = {
    "append": {"events": [event(), event()]},
    "append_one": {"event": event()},
    "read": {},
    "check": {},
    "look": {},
    "events": {},
    "events_page": {"limit": 1},
    "event": {"event_id": "x"},
    "timeline_events": {},
    "change": {"merge": dict},
    "count": {},
    "delete": {},
}
OWNERLESS = {"owner_of"}
OF_NO_SESSION = {"create", "newest", "restore", "timelines"}

MALFORMED = ["", "0", "0" * 31, "0" * 33, "G" * 32, "A" * 32, "0" * 32 + "\n", "٠" * 32, "../" + "0" * 29, "\0" * 32]


def test_every_method_requires_an_owner_or_is_for_operators():
    verbs = {name: verb for name, verb in inspect.getmembers(SessionRepository, callable) if not name.startswith("_")}
    assert set(verbs) == set(VERBS) | OWNERLESS | OF_NO_SESSION, "the tables of this file tell every verb"
    for name in set(verbs) - OWNERLESS:
        owner = inspect.signature(verbs[name]).parameters["owner"]
        assert (owner.kind, owner.default) == (owner.KEYWORD_ONLY, owner.empty), name


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("how", ["lately seen", "not seen"])
def test_for_other_owners_a_session_does_not_exist(sessions, store, clock, verb, how):
    session_id = create(sessions)
    sessions.append(session_id, [event()], owner="alice")
    before = [list(store[name].find()) for name in ("sessions", "events")]
    asked = sessions if how == "lately seen" else repository(store, clock)
    with pytest.raises(NotFound) as theirs:
        getattr(asked, verb)(session_id, **VERBS[verb], owner="mallory")
    with pytest.raises(NotFound) as nobodys:
        getattr(asked, verb)("0" * 32, **VERBS[verb], owner="mallory")
    assert theirs.value.detail == nobodys.value.detail
    assert [list(store[name].find()) for name in ("sessions", "events")] == before


@pytest.mark.parametrize("verb", VERBS)
def test_a_deleted_session_leaves_no_data(sessions, store, clock, verb):
    session_id = create(sessions, title="a secret", metadata={"a": "a secret"})
    sessions.append(session_id, [event(what="a secret")], owner="alice")
    sessions.delete(session_id, owner="alice")
    for asked in (sessions, repository(store, clock)):
        with pytest.raises(NotFound):
            getattr(asked, verb)(session_id, **VERBS[verb], owner="alice")
    assert list(store.events.find()) == []
    assert [set(mark) for mark in store.sessions.find()] == [{"_id", "owner", "deletedAt"}]


@on_a_wire
@pytest.mark.parametrize("verb", VERBS)
def test_a_malformed_session_id_is_rejected_without_a_query(sessions, commands, verb):
    for session_id in MALFORMED:

        def ask(session_id=session_id):
            with pytest.raises(NotFound):
                getattr(sessions, verb)(session_id, **VERBS[verb], owner="alice")

        assert commands.during(ask) == []


def test_a_session_is_read_as_it_was_created(sessions, clock):
    content = {"title": "Ü", "description": "", "videoId": "v", "metadata": {"a": {"b": [1, 1.5, None, True]}}}
    made = sessions.create(owner="alice", **content)
    assert content | {"createdAt": clock.microseconds, "version": 1} | made == made
    assert sessions.read(made["_id"], owner="alice").session == made


def test_every_append_advances_the_revision_and_the_time_of_the_last_event(sessions, clock):
    session_id, revisions, instants = create(sessions), [], []
    for deed in (lambda: sessions.append(session_id, [event(), event()], owner="alice"), lambda: clock.move(-60)) * 2:
        deed()
        sessions.append_one(session_id, event(), owner="alice")
        session = sessions.read(session_id, owner="alice").session
        revisions.append(session["revision"])
        instants.append(session["lastEventAt"])
    assert len(set(revisions)) == len(revisions)
    assert instants == sorted(instants), "also where the clock was set back"


def test_events_are_ordered_by_instant_and_then_by_arrival(sessions, clock, store):
    session_id, other = create(sessions), repository(store, clock)
    sessions.append(session_id, [event("d", 2), event("b", 1), event("c", 1)], owner="alice")
    other.append(session_id, [event("e", 2), event("f", 2)], owner="alice")
    sessions.append_one(session_id, event("a", 0.000001), owner="alice")
    other.append_one(session_id, event("g", 2), owner="alice")
    sessions.append_one(session_id, event("h", 2), owner="alice")
    assert "".join(types(sessions, session_id)) == "abcdefgh"


def test_events_of_one_instant_are_ordered_by_arrival_not_by_storage(sessions, clock):
    session_id = create(sessions)
    for kind in "cba":  # as if each were stored by a machine whose clock is behind the last one's
        sessions.append_one(session_id, event(kind), owner="alice")
        clock.move(-1)
    assert "".join(types(sessions, session_id)) == "abc"


def test_a_thousand_events_of_one_instant_stay_in_their_order(sessions):
    session_id = create(sessions)
    sessions.append(session_id, [event(f"{number}") for number in range(1000)], owner="alice")
    assert types(sessions, session_id) == [f"{number}" for number in range(1000)]


EXACT = {
    "every scalar": {"a": None, "b": True, "c": "", "d": "\0ü\U0001f600", "e": 0.1, "f": -0.0, "g": 5e-324, "h": 1.0},
    "integers": {"a": 2**63 - 1, "b": -(2**63), "c": 0, "d": 2**31, "e": -1, "f": [1, 1.0, True, "1"]},
    "keys": {"a.b": 1, "$a": {"$set": 1}, "": {"": {}}, "_id": {"_id": 1}, "é": 1, "e\u0301": 2, "exact": "{}"},
    "nothing": {},
    "a DBRef": {"$ref": "a", "$id": 1},
    "a DBRef with a database": {"x": {"$ref": "a", "$id": 1, "$db": "d"}},
    "a DBRef with a database of null": {"x": {"$ref": "a", "$id": None, "$db": None}},
    "a DBRef with more": {"x": [{"$ref": "a", "$id": 1, "y": {"$z": 1}}]},
    "a DBRef in a DBRef": {"x": {"$ref": "a", "$id": {"$ref": "b", "$id": [{"$ref": "c", "$id": 1, "$db": None}]}}},
    "a DBRef to no text": {"x": {"$ref": 5, "$id": 1}, "y": {"$ref": None, "$id": 1}, "z": {"$ref": "", "$id": {}}},
    "a DBRef from no database": {"x": {"$ref": "a", "$id": 1, "$db": 5}, "y": {"$db": None, "$id": 1, "$ref": "a"}},
    "half a DBRef": {"x": {"$ref": "a"}, "y": {"$id": 1}, "z": {"$ref": "a", "$db": None}},
    "a DBRef beside numbers": {"x": {"$ref": "a", "$id": -(2**63), "n": 1.0, "m": -0.0}},
}
DEEP: dict = {"$ref": "a", "$id": 1, "$db": None}
for _ in range(63):
    DEEP = {"a": DEEP}
EXACT["a DBRef at the deepest level"] = DEEP


@pytest.mark.parametrize("data", EXACT.values(), ids=EXACT)
def test_data_is_returned_as_it_was_sent(sessions, data):
    session_id = create(sessions)
    told = sessions.append_one(session_id, event(**data), owner="alice")
    assert canonical(told["data"]) == canonical(data)
    assert canonical(read(sessions, session_id)) == canonical([told])
    assert canonical([each["data"] for each in sessions.timeline_events(session_id, owner="alice")[1]]) == canonical(
        [data]
    )


@on_a_wire
def test_stored_data_can_be_queried_beside_a_session(ordinary, store, clock):
    session_id = create(ordinary)
    repository(store, clock, 0).append(session_id, [event(position=1), event(position={"at": 7})], owner="alice")
    assert store.events.count_documents({"session": session_id, "data.position.at": 7}) == 1


def test_an_event_for_a_session_deleted_in_the_meantime_is_not_stored(sessions, store, clock):
    session_id = create(sessions)
    repository(store, clock).delete(session_id, owner="alice")
    with pytest.raises(NotFound):
        sessions.append(session_id, [event(), event()], owner="alice")
    assert list(store.events.find()) == []


def append_times(sessions: SessionRepository, session_id: str, times: int, **fields) -> None:
    for _ in range(times):
        sessions.append_one(session_id, event() | fields, owner="alice")


@on_a_wire
@pytest.mark.parametrize("named", [{}, {"eventId": "x"}], ids=["without an id", "with an id"])
def test_an_append_is_one_round_trip_even_for_an_unknown_session(ordinary, store, clock, commands, named):
    session_id = create(ordinary)
    other = repository(store, clock)
    assert commands.during(lambda: ordinary.append_one(session_id, event() | named, owner="alice")) == ["update"]
    ten = [event() | {name: f"{value}{number}" for name, value in named.items()} for number in range(10)]
    assert commands.during(lambda: other.append(session_id, ten, owner="alice")) == ["update"]


@on_a_wire
def test_a_short_session_and_its_timeline_are_read_in_one_query(ordinary, commands):
    session_id = create(ordinary)
    append_times(ordinary, session_id, 50)
    assert commands.during(lambda: read(ordinary, session_id)) == ["find"]
    assert commands.during(lambda: list(ordinary.timeline_events(session_id, owner="alice")[1])) == ["find"]
    assert commands.during(lambda: ordinary.events_page(session_id, owner="alice", limit=10)) == ["find"]
    assert commands.during(lambda: ordinary.event(session_id, first_id(ordinary, session_id), owner="alice"))[-1:] == [
        "find"
    ]
    assert len(read(ordinary, session_id)) == 50


def first_id(sessions: SessionRepository, session_id: str) -> str:
    return read(sessions, session_id)[0]["eventId"]


@on_a_wire
def test_lists_and_patches_do_not_transfer_events(ordinary, commands):
    session_id = create(ordinary)
    append_times(ordinary, session_id, 3)
    for deed in (
        lambda: ordinary.newest(owner="alice", limit=1),
        lambda: ordinary.look(session_id, owner="alice"),
        lambda: ordinary.change(session_id, dict, owner="alice"),
        lambda: ordinary.check(session_id, owner="alice"),
        lambda: ordinary.delete(session_id, owner="alice", condition=lambda session: None),
    ):
        commands.during(deed)
        projections = [command["projection"] for command in commands.sent if command.get("find") == "sessions"]
        assert projections
        for fields in projections:
            assert fields == WITHOUT_EVENTS or set(fields.values()) == {1} and "recent" not in fields


@on_a_wire
def test_an_append_sends_the_same_command_for_an_empty_and_a_long_session(ordinary, commands):
    def asked(session_id: str) -> list[list[str]]:
        commands.during(lambda: ordinary.append_one(session_id, event(), owner="alice"))
        update = commands.sent[-1]["updates"][0]
        assert update["q"]["_id"] == session_id, "found by its id, whatever else there is"
        return [sorted(command) for command in commands.sent] + [sorted(update["q"]), sorted(update["u"])]

    empty, long = create(ordinary), create(ordinary)
    ordinary.append(long, [event()] * 1000, owner="alice")
    assert asked(long) == asked(empty)


@pytest.mark.processes
@on_a_wire
def test_events_of_a_full_session_are_moved_and_later_ones_are_stored(ordinary, store, commands):
    session_id, sent = create(ordinary), 0

    def append_next() -> None:
        ordinary.append_one(session_id, event(f"{sent}"), owner="alice")

    while (names := commands.during(append_next)) == ["update"]:
        sent += 1
    sent += 1
    assert names == ["update", "find", "insert", "update", "update"]
    stored = store.sessions.find_one()
    assert (len(stored["recent"]), len(stored["ids"]), stored["moved"]) == (1, 1, 1)
    assert 0 < stored["size"] < 400
    assert store.events.count_documents({}) == stored["beside"]["count"] == sent - 1
    assert types(ordinary, session_id) == [f"{number}" for number in range(sent)]


def test_the_noted_size_of_a_session_is_that_of_its_embedded_events(sessions, store):
    session_id = create(sessions)
    append_times(sessions, session_id, 7)
    sessions.append(session_id, [event(text="ü" * 9), event(**{"$ref": 1})], owner="alice")
    stored = store.sessions.find_one()
    assert stored.get("size", 0) == sum(len(each.encode()) for each in stored.get("recent", []))


@on_a_wire
@pytest.mark.parametrize("count", [200, 999, 1000])
def test_a_session_of_up_to_a_thousand_events_is_read_in_two_queries(ordinary, commands, count):
    session_id = create(ordinary)
    ordinary.append(session_id, [event()] * count, owner="alice")
    assert commands.during(lambda: read(ordinary, session_id)) == ["find", "find"]
    assert len(read(ordinary, session_id)) == count


@pytest.mark.processes
@on_a_wire
def test_a_longer_session_is_read_in_batches_and_checked_after_each_one(ordinary, commands):
    session_id = create(ordinary)
    for second in range(9):
        ordinary.append(session_id, [event(second=second + number / 1000) for number in range(1000)], owner="alice")
    assert set(commands.during(lambda: read(ordinary, session_id))) == {"find"}
    assert [command["find"] for command in commands.sent] == ["sessions", "events", *["events", "sessions"] * 2]


@pytest.mark.processes
@on_a_wire
def test_a_batch_is_at_most_one_reply_of_the_database(ordinary, commands):
    session_id = create(ordinary)
    for _ in range(4):
        text = "x" * 700_000
        ordinary.append(session_id, [event(second=number, text=text) for number in range(9)], owner="alice")
    batches = []
    names = commands.during(lambda: batches.extend(map(len, ordinary.read(session_id, owner="alice").events)))
    assert "getMore" not in names
    assert len(list(filter(None, batches))) > 1
    assert max(batches) < 36 == sum(batches)


@on_a_wire
def test_every_write_requires_a_majority_and_the_journal(sessions, commands):
    session_id = create(sessions)

    def write():
        sessions.append(create(sessions), [event()] * 100, owner="alice")
        sessions.append_one(session_id, event(), owner="alice")
        sessions.delete(session_id, owner="alice")

    assert set(commands.during(write)) - {"find"} == {"insert", "update", "delete"}
    writes = [command for command in commands.sent if "find" not in command]
    assert all(command["writeConcern"] == {"w": "majority", "j": True} for command in writes)


def test_the_number_of_remembered_sessions_is_bounded():
    seen = RecentlySeen()
    for number in range(REMEMBERED_SESSIONS + 5):
        seen.see(f"{number}", 1)
    assert sum(seen.moved(f"{number}") == 1 for number in range(REMEMBERED_SESSIONS + 5)) == REMEMBERED_SESSIONS


def leave_behind(store, session_id: str) -> None:
    """Store an event as a process would that dies between its insert and its last look."""
    number = store.events.count_documents({})
    store.events.insert_one({"_id": f"{session_id}:{number}", "session": session_id})


def test_the_sweep_removes_only_what_deleted_sessions_left(sessions, store, clock):
    alive, gone = create(sessions), create(sessions)
    for session_id in (alive, gone):
        sessions.append_one(session_id, event(), owner="alice")
    sessions.delete(gone, owner="alice")
    leave_behind(store, gone)
    Removal(Database(str, store), clock).sweep()
    Removal(Database(str, store), clock).sweep()
    assert {each["session"] for each in store.events.find()} <= {alive}
    assert types(sessions, alive) == ["play"]
    assert {each["_id"] for each in store.sessions.find()} == {alive, gone}, "the tombstone is kept"


def test_a_tombstone_is_swept_until_no_append_can_be_in_progress(sessions, store, clock):
    session_id = create(sessions)
    sessions.delete(session_id, owner="alice")
    for _ in range(3):
        leave_behind(store, session_id)
        Removal(Database(str, store), clock).sweep()
        clock.move(SETTLED_SECONDS / 3)
        assert list(store.events.find()) == []


def test_a_tombstone_is_dropped_after_a_day_and_a_final_removal_of_its_events(sessions, store, clock):
    session_id, alive = create(sessions), create(sessions)
    sessions.delete(session_id, owner="alice")
    clock.move(TOMBSTONE_KEPT_SECONDS - 1)
    Removal(Database(str, store), clock).sweep()
    leave_behind(store, session_id)
    Removal(Database(str, store), clock).sweep()
    assert store.sessions.count_documents({"_id": session_id}) == 1
    clock.move(2)
    Removal(Database(str, store), clock).sweep()
    assert [each["_id"] for each in store.sessions.find()] == [alive]
    assert list(store.events.find()) == []


@on_a_wire
def test_queries_for_many_ids_name_their_index_on_servers_that_use_hints(store, clock, commands):
    """The server refuses a hint that names no index."""
    database = Database(str, store, deadline_seconds=30, hints=lambda build: True)
    sessions, session_id = SessionRepository(database, clock, 0), create(repository(store, clock))
    named = [event() | {"eventId": f"e{number}"} for number in range(3)]
    sessions.append(session_id, named, owner="alice")
    commands.during(lambda: sessions.append(session_id, named, owner="alice"))
    hints = [command.get("hint") for command in commands.sent if command.get("find") == "events"]
    assert hints
    assert set(hints) == {"_id_"}
    commands.during(lambda: Events(database).remove(session_id, named))
    assert [command["deletes"][0].get("hint") for command in commands.sent] == ["_id_"]
    assert store.events.count_documents({}) == 0


@pytest.mark.parametrize(
    ("build", "is_hinted"),
    [({"version": "8.0.4"}, True), ({"version": "8.2.11", "secantusVersion": "0.7.0b3"}, False)],
    ids=["MongoDB", "SecantusDB, which reads all that a hinted index has"],
)
def test_only_servers_that_use_hints_get_them(build, is_hinted):
    assert plans_by_hints(build) == is_hinted


def test_queries_to_the_embedded_database_have_no_hints(tmp_path):
    app = create_app({"JWT_SECRET": SECRET, "INSTANCE_PATH": str(tmp_path)})
    assert services_of(app).database.by_id == {}


@on_a_wire
def test_a_server_is_asked_once_whether_it_uses_hints(store, commands):
    database = Database(str, store, deadline_seconds=30, hints=plans_by_hints)
    commands.during(lambda: [database.by_id, database.by_id])
    assert [next(iter(command)) for command in commands.sent] == ["buildInfo"]
