"""The examination of the database server: it detects every server that loses or changes data, and accepts others."""

import logging
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pymongo
import pytest
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, OperationFailure

from tests.answers import check_problem
from tests.databases import empty_database, failing
from tests.service import PROJECT, SECRET, free_port, run, tool, wait_until
from videosession.app import create_app
from videosession.database import Database, engine
from videosession.database.engine import Engine, examine
from videosession.services import services_of

pytestmark = pytest.mark.processes


def test_the_server_that_these_tests_run_on_is_safe(db):
    """Runs first, so that an unsafe server is reported within a second."""
    faults = examine(db["sessions"])
    assert not faults, "this server is not safe to use:\n" + "\n".join(faults)
    assert db.list_collection_names() == []


def test_leftovers_of_an_interrupted_examination_are_dropped_later(db):
    now = int(time.time())
    for seconds_ago in (10, 7200):
        db.create_collection(f"engine_check_{now - seconds_ago:x}_abcd")
    examine(db["sessions"])
    assert db.list_collection_names() == [f"engine_check_{now - 10:x}_abcd"]


class Careless:
    """A collection that updates as some servers do: it reads a document, changes it, and writes it back."""

    def __init__(self, collection: Collection):
        self._collection = collection

    def __getattr__(self, name: str):
        return getattr(self._collection, name)

    def update_one(self, query: dict, change: dict):
        found = self._collection.find_one(query)
        if found is None:
            return SimpleNamespace(matched_count=0)
        for field, number in change.get("$inc", {}).items():
            found[field] = found.get(field, 0) + number
        self._collection.replace_one({"_id": found["_id"]}, found)
        return SimpleNamespace(matched_count=1)


class Unconditional(Careless):
    """A collection whose updates match by id alone."""

    def update_one(self, query: dict, change: dict):
        return self._collection.update_one({"_id": query["_id"]}, change)


class Overwriting(Careless):
    """A collection that accepts a second document with the same id."""

    def insert_one(self, document: dict):
        self._collection.replace_one({"_id": document["_id"]}, document, upsert=True)


class Miscoding(Careless):
    """A collection that reports a duplicate with another error code."""

    def insert_one(self, document: dict):
        try:
            self._collection.insert_one(document)
        except DuplicateKeyError as error:
            raise OperationFailure("a duplicate", 12345) from error


class Rounding(Careless):
    """A collection that loses the sign of -0.0 and rejects keys with dots."""

    def insert_one(self, document: dict):
        self._collection.insert_one(self._written(document))

    def update_one(self, query: dict, change: dict):
        return self._collection.update_one(query, change)

    def _written(self, value):
        if isinstance(value, dict):
            if any("." in key for key in value):
                raise OperationFailure("a key with a dot", 2)
            return {key: self._written(each) for key, each in value.items()}
        return 0.0 if value == 0 else value


# The careless server, the check that finds it out, and what it says.
CARELESS = {
    "reads and writes back": (Careless, engine._counts, "loses updates: 200 increments from 4 threads made"),
    "writes back what was deleted": (Careless, engine._keeps_conditions, "brings back what was deleted"),
    "ignores conditions": (Unconditional, engine._keeps_conditions, "updates a document that does not meet the cond"),
    "overwrites": (Overwriting, engine._refuses_duplicates, "stores two documents with the same _id"),
    "has codes of its own": (Miscoding, engine._refuses_duplicates, "by code 12345, not 11000"),
    "rounds": (Rounding, engine._keeps_values, "negative zero comes back changed"),
    "restricts keys": (Rounding, engine._keeps_values, "keys with dots cannot be stored (code 2)"),
}


@pytest.mark.parametrize(("kind", "check", "told"), CARELESS.values(), ids=CARELESS)
def test_an_unsafe_server_is_detected_that(db, kind, check, told):
    assert told in "; ".join(check(kind(db["scratch"])))


def test_a_server_that_is_too_old_is_detected():
    client = SimpleNamespace(admin=SimpleNamespace(command=lambda _: {"maxWireVersion": 12}))
    [fault] = engine._speaks(SimpleNamespace(database=SimpleNamespace(client=client)))
    assert fault == "it is too old: its wire version is 12, and MongoDB 5.0 has 13"


def test_an_unsafe_server_is_reported_by_readyz_and_at_each_start(app, nobody, monkeypatch, caplog):
    monkeypatch.setattr(engine, "_counts", lambda scratch: iter(["it loses updates"]))
    assert nobody.get("/readyz").status_code == 200
    assert services_of(app).engine.examine() == ["it loses updates"]
    assert "the database is not safe to use: it loses updates" in caplog.text
    answer = check_problem(nobody.get("/readyz"), 503)
    assert answer["detail"] == "The database is not safe to use: it loses updates."
    assert nobody.get("/livez").status_code == 200


def test_init_db_exits_with_1_on_an_unsafe_server_and_says_why(app, monkeypatch):
    monkeypatch.setattr(engine, "_counts", lambda scratch: iter(["it loses updates", "it is slow"]))
    result = app.test_cli_runner().invoke(args=["init-db"])
    assert result.exit_code == 1
    assert result.stderr == "Error: The database is not safe to use:\n  it loses updates\n  it is slow\n"
    assert services_of(app).database.missing_indexes() != []


def test_init_db_accepts_a_safe_server(app):
    result = app.test_cli_runner().invoke(args=["init-db"])
    assert (result.exit_code, result.output) == (0, "All indexes exist.\n")


def test_each_process_examines_its_database_when_it_starts(app, monkeypatch):
    examined = []
    monkeypatch.setattr(engine, "examine", lambda like: examined.append(like.name) or [])
    services_of(app).upkeep.start()
    wait_until(lambda: examined == ["sessions"])


AS_IT_ENDS = """
import sys, threading, pymongo
from videosession.database.engine import examine

def late():
    threading.main_thread().join()
    with pymongo.MongoClient(sys.argv[1]) as client:
        print(examine(client[sys.argv[2]]["sessions"]))

threading.Thread(target=late).start()
"""


def test_an_examination_can_finish_while_the_process_exits(db, mongo_uri):
    command = [sys.executable, "-c", AS_IT_ENDS, mongo_uri, db.name]
    process = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert (process.stdout, process.stderr) == ("[]\n", "")


def test_an_error_in_a_thread_of_the_examination_is_raised_by_it(db):
    with failing(db.client, "update", errorCode=50), pytest.raises(OperationFailure):
        list(engine._counts(db["scratch"]))


def test_without_permission_to_create_a_collection_the_examination_is_skipped_with_a_warning(db, monkeypatch, caplog):
    def refuse(like):
        raise OperationFailure("not allowed", 13)

    monkeypatch.setattr(engine, "examine", refuse)
    assert Engine(Database(lambda: "", db)).examine() == []
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "could not be examined: The database refuses this operation: code 13 (Unauthorized)" in caplog.text


FERRETDB = shutil.which("ferretdb")


@pytest.fixture
def ferretdb(tmp_path) -> Iterator[str]:
    """FerretDB v1 on SQLite."""
    port = free_port()
    options = [f"--sqlite-url=file:{tmp_path}/", f"--listen-addr=127.0.0.1:{port}", f"--state-dir={tmp_path}"]
    options += ["--handler=sqlite", "--debug-addr=-", "--telemetry=disable", "--log-level=error"]
    assert FERRETDB
    with subprocess.Popen([FERRETDB, *options]) as server:
        with socket.socket() as probe:
            wait_until(lambda: probe.connect_ex(("127.0.0.1", port)) == 0)
        yield f"mongodb://127.0.0.1:{port}/unsafe"
        server.kill()


@pytest.mark.skipif(not FERRETDB, reason="no ferretdb on PATH")
def test_ferretdb_1_is_detected_as_unsafe(ferretdb):
    with pymongo.MongoClient(ferretdb) as client:
        faults = "; ".join(examine(client["examined"]["sessions"]))
    assert "it loses updates" in faults
    assert "it brings back what was deleted" in faults
    ended = run([tool("flask"), "init-db"], MONGODB_URI=ferretdb, JWT_SECRET=SECRET, FLASK_SKIP_DOTENV=1)
    assert ended.returncode == 1
    assert "The database is not safe to use" in ended.stderr


def test_an_in_memory_database_is_not_examined(memory_db):
    assert examine(memory_db["sessions"]) == []
    app = create_app({"JWT_SECRET": SECRET}, db=memory_db)
    assert app.test_cli_runner().invoke(args=["init-db"]).exit_code == 0


def test_simultaneous_examinations_do_not_disturb_each_other(mongo):
    """As happens when several workers start."""
    with empty_database(mongo) as database, ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda _: examine(database["sessions"]), range(4))) == [[]] * 4
        assert database.list_collection_names() == []
