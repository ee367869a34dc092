"""What the tests share: a real embedded server, a database of its own for each test, and a client with a real token."""

import os
import uuid
from collections.abc import Iterator

import mongomock
import pymongo
import pytest
from flask import Flask
from hypothesis import HealthCheck, settings

from tests.client import Client
from tests.databases import NAMED, SKIPPED_LOUDLY, empty_database, in_database
from tests.player import browser
from tests.player.laboratory.players import MISSING as PLAYERS_MISSING
from tests.service import SECRET, Service, serve
from videosession.app import create_app
from videosession.embedded import Embedded

os.environ["FLASK_SKIP_DOTENV"] = "1"  # whatever stands in a developer's .env, the tests do not read it
# How long an example takes on a busy machine says nothing about what is tested.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("everyday", patient, max_examples=20, derandomize=True)
settings.register_profile("thorough", patient, max_examples=1000)  # --hypothesis-profile thorough
settings.load_profile("everyday")
PATIENCE_SECONDS = 60  # the same of the database, where its deadline is not what is tested


STARTS_PROCESSES = {"service"}  # fixtures


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use a running service, and order the files.

    The examination of the database server is the first: on an unsafe one the other results mean nothing. Files that
    start processes come before the others, so that no process of pytest is left alone with a long one.
    """
    for item in items:
        if STARTS_PROCESSES & set(getattr(item, "fixturenames", ())):
            item.add_marker("processes")
    slow = {item.path for item in items if item.get_closest_marker("processes")}
    items.sort(key=lambda item: (item.path.name != "test_engine.py", item.path not in slow))


def pytest_terminal_summary(terminalreporter) -> None:
    """Say what was skipped that a release should not go without."""
    skipped = terminalreporter.stats.get("skipped", [])
    if any(browser.MISSING in str(report.longrepr) for report in skipped):
        terminalreporter.section("WITHOUT A BROWSER", red=True, bold=True)
        terminalreporter.line(browser.MISSING)
    for reason in (*SKIPPED_LOUDLY, PLAYERS_MISSING):
        if count := sum(reason in str(report.longrepr) for report in skipped):
            terminalreporter.section(f"{count} TESTS WERE SKIPPED", red=True, bold=True)
            terminalreporter.line(reason)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory) -> Iterator[Embedded]:
    """A real database server on loopback, one for all tests."""
    server = Embedded(tmp_path_factory.mktemp("embedded"), test_commands=True)
    server.ensure()
    yield server
    server.close()


@pytest.fixture(scope="session")
def mongo_uri(embedded) -> str:
    """The address of that server, or of the one that MONGODB_TEST_URI names."""
    return NAMED or embedded.uri


@pytest.fixture(scope="session")
def mongo(mongo_uri) -> Iterator[pymongo.MongoClient]:
    """A client of it; it answers."""
    with pymongo.MongoClient(mongo_uri) as client:
        client.admin.command("ping")
        yield client


@pytest.fixture
def db(mongo) -> Iterator:
    """An empty database on a real server."""
    with empty_database(mongo) as database:
        yield database


@pytest.fixture(scope="session")
def shared_app(mongo) -> Iterator[Flask]:
    """The app on a database for all tests that only look at what they made themselves: a new one takes its time."""
    with empty_database(mongo) as database:
        yield create_app({"JWT_SECRET": SECRET}, db=database, deadline_seconds=PATIENCE_SECONDS)


@pytest.fixture
def memory_db():
    """An empty database in memory, which imitates a server."""
    return mongomock.MongoClient()[uuid.uuid4().hex]


@pytest.fixture
def app(db) -> Flask:
    return create_app({"JWT_SECRET": SECRET}, db=db, deadline_seconds=PATIENCE_SECONDS)


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


@pytest.fixture(scope="session")
def service_database(mongo) -> Iterator:
    """The database of the service under gunicorn."""
    with empty_database(mongo) as database:
        yield database


@pytest.fixture(scope="session")
def service(mongo_uri, service_database, tmp_path_factory) -> Iterator[Service]:
    """The service under gunicorn, started by the Procfile's line, one worker, on the shared database server."""
    uri = in_database(mongo_uri, service_database.name)
    with serve(tmp_path_factory.mktemp("service"), uri, WEB_CONCURRENCY=1) as running:
        yield running
        assert running.stop() == 0
