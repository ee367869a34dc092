"""Whether the service is alive, and whether it is ready."""

import socket
import threading
import time

import pytest

from tests.client import Client
from tests.databases import failing
from tests.service import SECRET
from videosession.app import create_app
from videosession.database.indexes import EVENT_INDEXES, SESSION_INDEXES
from videosession.services import services_of


@pytest.fixture
def black_hole():
    """A place that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        uri = f"mongodb://127.0.0.1:{server.getsockname()[1]}"
        app = create_app({"MONGODB_URI": uri, "JWT_SECRET": SECRET})
        yield Client(app, None)
        services_of(app).database.sessions.database.client.close()


def test_readyz_is_200_when_the_database_answers_and_lists_missing_indexes(app, nobody):
    indexes = {"sessions": SESSION_INDEXES, "events": EVENT_INDEXES}
    missing = [f"{name}.{index.document['name']}" for name in indexes for index in indexes[name]]
    assert nobody.get("/readyz").json == {"status": "ready", "missingIndexes": missing}
    services_of(app).database.create_indexes()
    assert nobody.get("/readyz").json == {"status": "ready", "missingIndexes": []}
    services_of(app).database.events.drop_index("session_order")
    assert nobody.get("/readyz").json == {"status": "ready", "missingIndexes": ["events.session_order"]}


@pytest.mark.processes  # waits
def test_readyz_is_503_within_a_second_if_the_database_never_answers_and_then_at_once(black_hole):
    began = time.monotonic()
    answer = black_hole.get("/readyz")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert answer.headers["Retry-After"] == "1"
    first_seconds = time.monotonic() - began
    assert first_seconds < 2
    answers = [black_hole.get("/readyz").status_code for _ in range(20)]
    assert answers == [503] * 20
    assert time.monotonic() - began - first_seconds < first_seconds


@pytest.mark.processes  # waits
def test_readyz_is_503_within_a_second_during_a_slow_name_lookup_and_then_sooner(black_hole):
    is_found = threading.Event()
    database = services_of(black_hole.app).database
    uri = database._client._locate()
    database._client._locate = lambda: uri if is_found.wait(20) else ""
    began = time.monotonic()
    assert black_hole.get("/readyz").status_code == 503
    first_seconds = time.monotonic() - began
    assert first_seconds < 2
    assert [black_hole.get("/readyz").status_code for _ in range(2)] == [503, 503]
    assert time.monotonic() - began - first_seconds < first_seconds
    is_found.set()


def test_readyz_is_503_while_the_database_answers_with_an_error(mongo, nobody):
    with failing(mongo, "find", errorCode=1):  # as on a full disk: connected, and every command fails
        assert nobody.get("/readyz").status_code == 503
    assert nobody.get("/readyz").status_code == 200


def test_livez_does_not_contact_the_database(black_hole):
    began = time.monotonic()
    assert black_hole.get("/livez").status_code == 200
    assert time.monotonic() - began < 0.5
