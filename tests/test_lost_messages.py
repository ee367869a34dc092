"""Lost messages and killed processes: after a retry nothing is lost and nothing is there twice."""

import contextlib
import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from tests.losing_network import losing_network
from tests.service import PROJECT, SECRET
from videosession.services import services_of

pytestmark = pytest.mark.processes

STAMP = "2026-03-01T10:00:00Z"


@pytest.fixture
def app(shared_app):
    return shared_app


class Quiet(WSGIRequestHandler):
    def log_request(self, *_) -> None: ...


@pytest.fixture
def address(app) -> Iterator[tuple[str, int]]:
    """Where the service listens, in threads of this process."""
    server = ThreadedWSGIServer("127.0.0.1", 0, app, Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield "127.0.0.1", server.server_port
    server.shutdown()
    thread.join()


def event(number: int, **fields) -> dict:
    return {"type": "ping", "timestamp": STAMP, "data": {"number": number}} | fields


def send_until_answered(address: tuple[str, int], path: str, token: str, body: dict, **headers) -> dict:
    """Send a request, and send it again each time that no answer comes."""
    sent = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"} | headers
    for _ in range(5):
        connection = http.client.HTTPConnection(*address, timeout=10)
        with contextlib.closing(connection), contextlib.suppress(ConnectionError, http.client.HTTPException):
            connection.request("POST", path, json.dumps(body), sent)
            answer = connection.getresponse()
            assert answer.status == 201
            return json.load(answer)
    raise AssertionError("no answer came in five tries")


NAMES = {
    "by ids of their own": lambda number: (event(number, eventId=f"id{number}"), {}),
    "by keys": lambda number: (event(number), {"Idempotency-Key": f"key{number}"}),
    "not at all": lambda number: (event(number), {}),
}


def send_all(client, address, named, count: int) -> tuple[list[dict], list[dict]]:
    """Send events through a network that loses every request or its reply once; give the answers and what is stored."""
    session_id = client.new_session()
    path = f"/api/sessions/{session_id}/events"
    with losing_network(address) as network, ThreadPoolExecutor(4) as threads:

        def send(number: int) -> dict:
            body, headers = named(number)
            return send_until_answered(("127.0.0.1", network.server_address[1]), path, client.token, body, **headers)

        answers = list(threads.map(send, range(count)))
        assert network.lost == {"request": count // 2, "reply": count // 2}
    return answers, client.get(f"/api/sessions/{session_id}").json["events"]


@pytest.mark.parametrize("named", ["by ids of their own", "by keys"])
def test_events_with_an_id_or_a_key_are_neither_lost_nor_duplicated(client, address, named):
    answers, stored = send_all(client, address, NAMES[named], 200)
    assert sorted(each["data"]["number"] for each in answers) == list(range(200))
    assert sorted(stored, key=lambda each: each["eventId"]) == sorted(answers, key=lambda each: each["eventId"])


def test_events_without_id_and_key_are_duplicated_when_the_reply_is_lost(client, address):
    _, stored = send_all(client, address, NAMES["not at all"], 20)
    assert len(stored) == 30


# A service process that is killed after the database has taken a part of a batch.
KILLED = """
import os, sys, pymongo
from tests.client import Client
from videosession.app import create_app
from videosession.services import services_of

class Cut(pymongo.collection.Collection):
    def insert_many(self, documents, **options):
        super().insert_many(documents[: len(documents) // 2 or 1], **options)
        if len(documents) > 1:
            os.kill(os.getpid(), 9)

uri, name, secret, session, body, *key = sys.argv[1:]
app = create_app({"JWT_SECRET": secret}, db=pymongo.MongoClient(uri)[name])
database = services_of(app).database
whole = database.events
cut = Cut(whole.database, "events", write_concern=whole.write_concern)
type(database).events = property(lambda self: cut)
headers = {"Idempotency-Key": key[0]} if key else {}
Client(app).post(f"/api/sessions/{session}/events", body.encode(), headers=headers)
"""


@pytest.mark.parametrize("named", ["by ids of their own", "by keys"])
def test_a_batch_interrupted_by_a_kill_is_complete_after_a_retry(app, client, mongo_uri, named):
    session_id = client.new_session()
    sent = [NAMES[named](number) for number in range(200)]  # more than are stored in one step
    body, headers = [event for event, _ in sent], sent[0][1]
    name = services_of(app).database.events.database.name
    command = [sys.executable, "-c", KILLED, mongo_uri, name, SECRET, session_id, json.dumps(body), *headers.values()]
    killed = subprocess.run(command, cwd=PROJECT, timeout=30)
    assert killed.returncode == -9
    path = f"/api/sessions/{session_id}"
    left = services_of(app).database.events.count_documents({"session": session_id})
    assert 0 < left < 200
    assert len(client.get(path).json["events"]) in (0, left)
    first, second = (client.post(f"{path}/events", body, headers=headers) for _ in range(2))
    assert (first.status_code, first.json) == (201, second.json)
    assert [each["data"]["number"] for each in first.json["events"]] == list(range(200))
    stored = client.get(path).json["events"]
    assert sorted(stored, key=lambda each: each["eventId"]) == sorted(
        first.json["events"], key=lambda each: each["eventId"]
    )
