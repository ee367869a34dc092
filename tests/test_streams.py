"""Long answers: in constant memory, and an incomplete one never looks complete."""

import contextlib
import http.client
import json
import os
import signal
import threading
import tracemalloc
from collections.abc import Iterator

import pymongo
import pytest
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from tests.client import Client
from tests.databases import failing
from tests.service import SECRET, mint, wait_until
from videosession.app import create_app
from videosession.embedded import Embedded
from videosession.services import services_of

pytestmark = pytest.mark.processes

NDJSON = "application/x-ndjson"
KILOBYTE = "x" * 1000
THIRD = {"skip": 2}  # after the session and the first batch


@pytest.fixture
def app(shared_app):
    """The app on a database with indexes: without them every read goes through the events of all these tests."""
    services_of(shared_app).database.create_indexes()
    return shared_app


def fill(db, session_id: str, count: int, text: str = KILOBYTE) -> str:
    """Put events beside a session in the database."""
    db.sessions.update_one({"_id": session_id}, {"$set": {"moved": 1}})
    for start in range(0, count, 1000):
        db.events.insert_many(
            {
                "_id": f"{session_id}:{number}",
                "session": session_id,
                "instant": number,
                "arrival": f"{number:08}",
                "eventId": f"{number}",
                "type": "ping",
                "timestamp": "2026-03-01T10:00:00Z",
                "data": {"number": number, "text": text},
            }
            for number in range(start, min(start + 1000, count))
        )
    return session_id


FORMS = {"json": ("", "*/*"), "lines": ("/events", NDJSON)}


@pytest.fixture(params=FORMS)
def form(request) -> tuple[str, str]:
    """Read a session whole, as JSON or as lines: below which path, and with which Accept."""
    return FORMS[request.param]


def test_memory_does_not_grow_with_the_length_of_the_session(client, form):
    """The peak of reading twice as many events is the same."""
    below, accept = form
    peaks, sizes = [], []
    for count in (13_000, 26_000):  # at least four batches
        session_id = fill(services_of(client.app).database, client.new_session(), count, "x" * 100)
        tracemalloc.start()
        answer = client.get(f"/api/sessions/{session_id}{below}", headers={"Accept": accept}, buffered=False)
        assert answer.status_code == 200
        sizes.append(sum(map(len, answer.response)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert sizes[1] > 1.9 * sizes[0]
    assert peaks[1] < 1.1 * peaks[0]


@pytest.mark.parametrize("is_noted", [True, False], ids=["their size is noted", "it is not"])
def test_batches_of_large_events_are_small(client, form, is_noted):
    below, accept = form
    session_id, database = client.new_session(), services_of(client.app).database
    for number in range(20):
        large = {"type": "note", "timestamp": "2026-03-01T10:00:00Z", "data": {"number": number, "text": "x" * 900_000}}
        assert client.post(f"/api/sessions/{session_id}/events", large).status_code == 201
    if not is_noted:  # then the first piece tells
        database.sessions.update_one({"_id": session_id}, {"$unset": {"beside": ""}})
    answer = client.get(f"/api/sessions/{session_id}{below}", headers={"Accept": accept}, buffered=False)
    pieces = list(map(len, answer.response))
    assert sum(pieces) > 20 * 900_000
    assert max(pieces if is_noted else pieces[1:]) < 5_000_000


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # as ThreadedWSGIServer would set it, for all handlers there ever are

    def log(self, *_) -> None: ...


@contextlib.contextmanager
def development_server(app) -> Iterator[int]:
    """Serve the app as `flask run` does, in threads of this process, and give the port."""
    server = ThreadedWSGIServer("127.0.0.1", 0, app, Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def begun(port: int, path: str, token: str, accept: str) -> Iterator[tuple[http.client.HTTPResponse, bytes]]:
    """Request something long; return the answer as soon as it begins, with its first bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}", "Accept": accept})
        answer = connection.getresponse()
        assert answer.status == 200
        yield answer, answer.read(100)


def rest_of_broken(answer: http.client.HTTPResponse) -> bytes:
    """Read the rest, and check that the connection shows that it is incomplete."""
    with pytest.raises(http.client.IncompleteRead) as caught:
        answer.read()
    return caught.value.partial


def check_broken(whole: bytes, accept: str) -> None:
    """Check that an incomplete answer is recognizable: JSON that does not parse, or whole lines only."""
    if accept != NDJSON:
        with pytest.raises(json.JSONDecodeError):
            json.loads(whole)
        return
    assert whole.endswith(b"\n")
    numbers = [json.loads(line)["data"]["number"] for line in whole.splitlines()]
    assert numbers == list(range(len(numbers)))


def test_the_development_server_breaks_off_an_answer_that_fails_midway(app, client, mongo, form):
    below, accept = form
    session_id = fill(services_of(app).database, client.new_session(), 5000)
    path = f"/api/sessions/{session_id}{below}"
    with (
        development_server(app) as port,
        failing(mongo, "find", mode=THIRD, errorCode=50),
        begun(port, path, client.token, accept) as (answer, first),
    ):
        check_broken(first + rest_of_broken(answer), accept)


def test_gunicorn_breaks_off_an_answer_that_fails_midway(service, service_database, mongo, form):
    below, accept = form
    token = mint()
    # A connection that was closed before may count as the database being away, for two seconds at most.
    opened = wait_until(lambda: service.request("POST", "/api/sessions", {"title": "A"}, token).json.get("id"))
    session_id = fill(service_database, opened, 5000)
    path = f"/api/sessions/{session_id}{below}"
    with (
        failing(mongo, "find", mode=THIRD, closeConnection=True),
        begun(service.port, path, token, accept) as (answer, first),
    ):
        check_broken(first + rest_of_broken(answer), accept)


def long_stream(client, port: int):
    """Begin to read more than the sockets on its way hold."""
    session_id = fill(services_of(client.app).database, client.new_session(), 3000, 10 * KILOBYTE)
    return begun(port, f"/api/sessions/{session_id}/events", client.token, NDJSON)


@pytest.fixture
def mortal(tmp_path) -> Iterator[Embedded]:
    """A database that may die."""
    server = Embedded(tmp_path)
    server.ensure()
    with contextlib.closing(server):
        yield server


def test_a_stream_continues_if_the_database_is_back_in_time(mortal):
    with development_port(mortal, 60) as (client, port), long_stream(client, port) as (answer, first):
        os.kill(mortal.pid, signal.SIGKILL)
        assert len((first + answer.read()).splitlines()) == 3000


def test_a_stream_is_broken_off_when_the_database_is_gone(mortal):
    with development_port(mortal, 3) as (client, port), long_stream(client, port) as (answer, first):
        mortal.close()
        check_broken(first + rest_of_broken(answer), NDJSON)


def test_a_stream_is_broken_off_after_its_session_was_deleted(app, client, form):
    below, accept = form
    session_id = fill(services_of(app).database, client.new_session(), 3000, 10 * KILOBYTE)
    path = f"/api/sessions/{session_id}"
    with development_server(app) as port, begun(port, path + below, client.token, accept) as (answer, first):
        assert client.delete(path).status_code == 200
        check_broken(first + rest_of_broken(answer), accept)


@contextlib.contextmanager
def development_port(embedded: Embedded, deadline_seconds: float) -> Iterator[tuple[Client, int]]:
    with pymongo.MongoClient(embedded.uri, serverSelectionTimeoutMS=3000) as mongo:
        app = create_app({"JWT_SECRET": SECRET}, db=mongo["dying"], deadline_seconds=deadline_seconds)
        with development_server(app) as port:
            yield Client(app), port
