"""The summarising worker, killed again and again under load: nothing is lost, and nothing is wrong."""

import os
import random
import signal
import subprocess
import threading
import time

import pytest

from tests.service import PROJECT, SECRET, clean_environment, procfile, run
from videosession import instants
from videosession.app import create_app
from videosession.services import services_of
from videosession.sessions.schemas import NewEvent

pytestmark = pytest.mark.processes

KILLS = int(os.environ.get("KILLS", "5"))  # 50 before a release
SESSIONS = 12


@pytest.fixture
def app(db):
    return create_app({"JWT_SECRET": SECRET}, db=db)


@pytest.fixture
def settings(embedded, db):
    uri = embedded.uri.replace("/videosession?", f"/{db.name}?")
    return {"FLASK_SKIP_DOTENV": 1, "MONGODB_URI": uri, "JWT_SECRET": SECRET}


def start(settings) -> subprocess.Popen:
    return subprocess.Popen(procfile("worker"), cwd=PROJECT, env=clean_environment(**settings))


class Appending(threading.Thread):
    """Appends to sessions in turn, and makes all of it due at once."""

    def __init__(self, app, db):
        super().__init__(daemon=True)
        self.sessions, self.db = services_of(app).sessions, db
        self.ids = [
            self.sessions.create(owner="alice", title="x", description="", videoId="film")["_id"]
            for _ in range(SESSIONS)
        ]
        self.is_over = threading.Event()

    def run(self):
        place = 0
        while not self.is_over.wait(0.02):
            second = place % 50
            said = {"type": "ping", "timestamp": f"2026-03-01T10:00:{second:02}Z", "data": {"position": second}}
            event = NewEvent().load(said)
            self.sessions.append_one(self.ids[place % SESSIONS], event, owner="alice")
            self.db.sessions.update_many({"due": {"$gt": instants.now()}}, {"$set": {"due": 1}})
            place += 1


def test_a_worker_that_is_killed_leaves_nothing_wrong(app, db, settings):
    appending = Appending(app, db)
    appending.start()
    chance = random.Random(3)
    for _ in range(KILLS):
        worker = start(settings)
        time.sleep(chance.uniform(1, 3))
        worker.kill()
        worker.wait()
    appending.is_over.set()
    appending.join()
    assert run(["flask", "summarise"], **settings).returncode == 0
    verified = run(["flask", "summarise", "--verify"], **settings)
    assert verified.returncode == 0, verified.stdout
    sessions = list(db.sessions.find({}))
    assert all(session["result"]["of"] == session["revision"] and "due" not in session for session in sessions)
    # The control: a result that is wrong is found.
    db.sessions.update_one({}, {"$set": {"result.packed": b"[]"}})
    assert run(["flask", "summarise", "--verify"], **settings).returncode == 1


def test_the_worker_ends_when_it_is_told_to(settings):
    worker = start(settings)
    time.sleep(3)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) in (0, -signal.SIGTERM)  # the latter where it had not begun
