"""What the tests share: a real embedded server, a database of its own for each test, and a client with a real token."""

import json
import os
import uuid
from collections.abc import Iterator
from datetime import timedelta

import mongomock
import pymongo
import pytest
from flask import Flask

from videosession import auth
from videosession.app import create_app
from videosession.embedded import Embedded

os.environ["FLASK_SKIP_DOTENV"] = "1"  # whatever stands in a developer's .env, the tests do not read it

SECRET = "a secret of the tests, longer than thirty-two bytes"


class Client:
    """Sends requests as one owner, in the service's own process, and reads the answers."""

    def __init__(self, app: Flask, subject: str | None = "alice", **claims):
        self.app = app
        self._client = app.test_client()
        with app.app_context():
            self.token = auth.make_token(subject, timedelta(hours=1), **claims) if subject else None

    def request(self, method: str, path: str, body=None, *, content_type="application/json", headers=None, **options):
        """Send `body` as JSON, or as it is where it is bytes."""
        sent = dict(headers or {})
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            options |= {"data": body if isinstance(body, bytes) else json.dumps(body), "content_type": content_type}
        return self._client.open(path, method=method, headers=sent, **options)

    def get(self, path: str, **options):
        return self.request("GET", path, **options)

    def post(self, path: str, body=None, **options):
        return self.request("POST", path, body, **options)

    def delete(self, path: str, **options):
        return self.request("DELETE", path, **options)

    def new_session(self, **fields) -> str:
        """Open a session and give its id."""
        answer = self.post("/api/sessions", {"title": "A session"} | fields)
        assert answer.status_code == 201, answer.text
        return answer.json["id"]

    def append(self, session_id: str, body):
        return self.post(f"/api/sessions/{session_id}/events", body)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory) -> Iterator[Embedded]:
    """A real database server on loopback, one for all tests."""
    server = Embedded(tmp_path_factory.mktemp("embedded"), test_commands=True)
    server.ensure()
    yield server
    server.close()


@pytest.fixture(scope="session")
def mongo(embedded) -> Iterator[pymongo.MongoClient]:
    """A client of that server, or of the one that MONGODB_TEST_URI names."""
    with pymongo.MongoClient(os.environ.get("MONGODB_TEST_URI") or embedded.uri) as client:
        yield client


@pytest.fixture
def db(mongo) -> Iterator:
    """An empty database on a real server, dropped after the test."""
    name = f"test_{uuid.uuid4().hex}"
    yield mongo[name]
    mongo.drop_database(name)


@pytest.fixture
def memory_db():
    """An empty database in memory, which imitates a server."""
    return mongomock.MongoClient()[uuid.uuid4().hex]


@pytest.fixture
def app(db) -> Flask:
    return create_app({"JWT_SECRET": SECRET}, db=db)


@pytest.fixture
def client(app) -> Client:
    return Client(app)


@pytest.fixture
def stranger(app) -> Client:
    """Another owner."""
    return Client(app, "mallory")


@pytest.fixture
def nobody(app) -> Client:
    """A client without a token."""
    return Client(app, None)
