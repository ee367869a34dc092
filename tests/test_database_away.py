"""While the database is unavailable or slow, every answer is 503, in time; a permanent failure is not."""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pymongo
import pytest
from flask import Flask

from tests.answers import check_problem
from tests.client import Client
from tests.databases import empty_database
from tests.proxy import Proxy
from tests.service import SECRET, free_port, wait_until
from videosession.app import create_app
from videosession.database import DEADLINE_SECONDS, Database
from videosession.errors import DatabaseUnavailable
from videosession.services import services_of

pytestmark = pytest.mark.processes

EVENT = {"type": "play", "timestamp": "2026-03-01T10:00:00Z", "data": {"secret": "of a client"}}
LARGE = [EVENT] * 200  # more than a session's document takes
RETURN_SECONDS = 2
SLACK_SECONDS = 0.5  # of a busy machine


@contextlib.contextmanager
def running(uri: str) -> Iterator[Flask]:
    """Yield the app on a client of its own."""
    app = create_app({"MONGODB_URI": uri, "JWT_SECRET": SECRET})
    yield app
    services_of(app).database.close()


@pytest.fixture(scope="module")
def mongo(embedded) -> Iterator[pymongo.MongoClient]:
    """A client of the embedded server, whatever other server is named: it fails when it is told to."""
    with pymongo.MongoClient(embedded.uri) as client:
        yield client


@pytest.fixture
def proxy(embedded) -> Iterator[Proxy]:
    passing = Proxy(("127.0.0.1", pymongo.uri_parser.parse_uri(embedded.uri)["nodelist"][0][1]))
    yield passing
    passing.close()


@pytest.fixture
def distant(proxy) -> Iterator[Client]:
    """A client of an app whose database is behind the proxy."""
    with running(f"mongodb://127.0.0.1:{proxy.port}/distant?directConnection=true&retryWrites=false") as app:
        yield Client(app)


@pytest.fixture(scope="module")
def app(embedded) -> Iterator[Flask]:
    """The app on a client of its own, so that its commands can be made to fail by its name."""
    with running(embedded.uri.replace("/videosession?", "/failing?")) as app:
        yield app


@contextlib.contextmanager
def failing(mongo, command: str, mode: str | dict = "alwaysOn", **how) -> Iterator[None]:
    """Make the database fail at `command`, for this service alone."""
    how = {"failCommands": [command], "appName": "videosession"} | how
    mongo.admin.command("configureFailPoint", "failCommand", mode=mode, data=how)
    yield
    mongo.admin.command("configureFailPoint", "failCommand", mode="off")


def timed(deed) -> tuple:
    started = time.monotonic()
    return deed(), time.monotonic() - started


def check_away(client: Client, session_id: str) -> list[float]:
    """Check that whatever needs the database gets 503 with Retry-After; return how long each answer took."""
    deeds = [
        lambda: client.post("/api/sessions", {"title": "x"}),
        lambda: client.append(session_id, EVENT),
        lambda: client.get(f"/api/sessions/{session_id}"),
        lambda: client.delete(f"/api/sessions/{session_id}"),
    ]
    times = []
    for deed in deeds:
        answer, seconds = timed(deed)
        check_problem(answer, 503)
        assert int(answer.headers["Retry-After"]) >= 1
        times.append(seconds)
    return times


@pytest.mark.parametrize("how", ["refuse", "swallow"])
def test_an_unavailable_database_gives_503_in_time_then_at_once_and_recovers_soon(proxy, distant, how):
    session_id = distant.new_session()
    getattr(proxy, how)()
    with ThreadPoolExecutor(24) as threads:
        first = [threads.submit(check_away, Client(distant.app), session_id) for _ in range(24)]
    times = [seconds for run in first for seconds in run.result()]
    assert max(times) < DEADLINE_SECONDS + SLACK_SECONDS
    taken = proxy.taken
    _, seconds = timed(lambda: [check_away(distant, session_id) for _ in range(25)])
    assert seconds < DEADLINE_SECONDS, "a hundred requests that do not wait"
    assert proxy.taken - taken <= 6, "requests do not look for it, the client's monitors do"
    proxy.come_back()
    _, seconds = timed(lambda: wait_until(lambda: distant.get(f"/api/sessions/{session_id}").status_code == 200))
    assert seconds < RETURN_SECONDS + SLACK_SECONDS
    assert distant.append(session_id, EVENT).status_code == 201


def test_an_invalid_request_gets_its_own_error_while_the_database_is_unavailable(proxy, distant):
    proxy.refuse()
    assert distant.post("/api/sessions", {"title": 1}).status_code == 422
    assert distant.get("/api/sessions/malformed").status_code == 404
    assert distant.get("/livez").status_code == 200


# What may pass: an internal error, interrupted, too late, shut down, stepped down, overloaded, a full disk, unknown.
CODES = [1, 6, 50, 91, 112, 462, 10107, 14031, 99999]


@pytest.mark.parametrize("code", CODES)
def test_a_failed_write_that_may_succeed_later_is_answered_with_503(app, mongo, code):
    client = Client(app)
    session_id = wait_until(client.new_session)
    deeds = {
        "insert": lambda: client.post("/api/sessions", {"title": "x"}),
        "update": lambda: client.append(session_id, EVENT),
    }
    for command, deed in deeds.items():
        with failing(mongo, command, errorCode=code):
            check_problem(deed(), 503)
        wait_until(lambda: client.append(session_id, EVENT).status_code == 201)


# The code, what an append is answered with, and what a request without a document is.
REFUSALS = [(2, 500, 500), (13, 500, 500), (18, 500, 500), (59, 500, 500), (10334, 422, 500)]


@pytest.mark.parametrize(("code", "sent", "asked"), REFUSALS)
def test_a_permanent_failure_of_the_database_is_answered_without_retry_after(app, mongo, caplog, code, sent, asked):
    client = Client(app)
    session_id = wait_until(client.new_session)
    deeds = {
        "find": (lambda: client.get(f"/api/sessions/{session_id}"), asked),
        "update": (lambda: client.delete(f"/api/sessions/{session_id}"), asked),
        "insert": (lambda: client.post("/api/sessions", {"title": "a title of a client"}), sent),
    }
    for command, (deed, status) in deeds.items():
        with failing(mongo, command, errorCode=code):
            answer = deed()
        document = check_problem(answer, status)
        assert f"code {code} " in document["detail"]
        assert "Retry-After" not in answer.headers
        assert client.append(session_id, EVENT).status_code == 201, "the others go on, at once"
    assert caplog.text.count(f"code {code} ") == len(deeds)
    assert "a title of a client" not in caplog.text


def test_a_rejection_by_a_validator_is_a_client_error_except_for_a_tombstone(app, mongo):
    client = Client(app)
    session_id = client.new_session()
    rule = {"title": {"$exists": True, "$ne": "forbidden"}}
    mongo.failing.command("collMod", "sessions", validator=rule)
    try:
        check_problem(client.post("/api/sessions", {"title": "forbidden"}), 422)
        check_problem(client.request("PATCH", f"/api/sessions/{session_id}", {"title": "forbidden"}), 422)
        check_problem(client.delete(f"/api/sessions/{session_id}"), 500)
        assert client.post("/api/sessions", {"title": "allowed"}).status_code == 201
    finally:
        mongo.failing.command("collMod", "sessions", validator={})
    assert client.delete(f"/api/sessions/{session_id}").status_code == 200


@pytest.mark.parametrize("code", [1, 91])
def test_a_failed_read_that_may_succeed_later_is_answered_with_503_in_time(app, mongo, code):
    client = Client(app)
    session_id = client.new_session()
    with failing(mongo, "find", errorCode=code):
        answer, seconds = timed(lambda: client.get(f"/api/sessions/{session_id}"))
    check_problem(answer, 503)
    assert seconds < DEADLINE_SECONDS + SLACK_SECONDS
    wait_until(lambda: client.get(f"/api/sessions/{session_id}").status_code == 200)


@pytest.mark.parametrize("command", ["insert", "update"])
@pytest.mark.parametrize(
    "how",
    [
        {"closeConnection": True},
        {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}},
        {"writeConcernError": {"code": 91, "errmsg": "shutting down"}},
    ],
    ids=["a closed connection", "no majority in time", "a majority lost"],
)
def test_a_write_that_may_be_rolled_back_is_not_acknowledged(app, mongo, command, how):
    client = Client(app)
    session_id = client.new_session()
    with failing(mongo, command, **how):
        check_problem(client.append(session_id, EVENT if command == "update" else LARGE), 503)
    wait_until(lambda: client.append(session_id, EVENT).status_code == 201)


def test_a_session_is_deleted_even_if_its_events_cannot_be_removed_yet(app, mongo):
    client = Client(app)
    session_id = client.new_session()
    client.append(session_id, LARGE)
    with failing(mongo, "delete", errorCode=1):
        assert client.delete(f"/api/sessions/{session_id}").status_code == 200
    assert client.get(f"/api/sessions/{session_id}").status_code == 404
    assert mongo.failing.events.count_documents({"session": session_id}) == len(LARGE)
    services_of(app).removal.sweep()
    assert mongo.failing.events.count_documents({"session": session_id}) == 0


def test_a_database_failure_is_logged_once_and_without_the_data(app, mongo, caplog):
    caplog.set_level(logging.DEBUG, "videosession")
    client = Client(app)
    session_id = client.new_session()
    with failing(mongo, "update", errorCode=1):
        for body in (EVENT, [EVENT, EVENT], LARGE, EVENT):
            assert client.append(session_id, body).status_code == 503
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in warnings] == ["the database does not answer: OperationFailure, code 1"]
    assert "of a client" not in caplog.text


def test_commands_wait_for_a_database_that_is_slow_to_start(proxy):
    uri = f"mongodb://127.0.0.1:{proxy.port}/distant?directConnection=true&retryWrites=false"
    slow = Database(lambda: uri, collections_first=True)  # the embedded one
    proxy.refuse()
    starting = threading.Timer(DEADLINE_SECONDS + 1, proxy.come_back)
    starting.start()
    with slow.unhurried(), slow.deadline():
        assert slow.sessions.find_one({"_id": "of nobody"}) is None
    starting.join()
    slow.close()


def test_indexes_are_created_however_long_that_takes(app, mongo):
    database: Database = services_of(app).database
    with failing(mongo, "createIndexes", {"times": 1}, blockConnection=True, blockTimeMS=1100 * DEADLINE_SECONDS):
        database.create_indexes()
    assert database.missing_indexes() == []


def use(database: Database) -> None:
    with database.deadline():
        assert database.sessions.find_one({}) is None


@pytest.mark.parametrize("first", [Database.create_indexes, use], ids=["its indexes", "a request"])
def test_the_embedded_database_gets_its_collections_first(embedded, mongo, first):
    """It locks up if the first insert into a collection coincides with the creation of its indexes."""
    with empty_database(mongo) as store:
        database = Database(lambda: embedded.uri.replace("/videosession?", f"/{store.name}?"), collections_first=True)
        first(database)
        database.close()
        assert set(store.list_collection_names()) == {"sessions", "events"}
        use(Database(lambda: "", store, collections_first=True))


def test_a_database_that_moved_to_another_port_is_found(embedded):
    """As the embedded database does if another program has taken its port."""
    places = [f"mongodb://127.0.0.1:{free_port()}/moved", embedded.uri]
    database = Database(lambda: places[0])

    def is_there() -> bool:
        try:
            with database.deadline(0.2):
                database.sessions.find_one({})
        except DatabaseUnavailable:
            return False
        return True

    assert not is_there()
    assert not is_there()
    places.pop(0)
    wait_until(is_there)
    database.close()


def test_a_started_answer_is_not_broken_off_at_once():
    asked = []
    with pymongo.MongoClient("127.0.0.1", 1) as nowhere:
        database = Database(str, nowhere["away"], deadline_seconds=0.6)

        def ask(*, is_begun: bool) -> None:
            with database.deadline(is_begun=is_begun):
                asked.append(is_begun)
                database.read()

        for is_begun in (False, False, True):
            with pytest.raises(DatabaseUnavailable):
                ask(is_begun=is_begun)
    assert asked == [False, True]
