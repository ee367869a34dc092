"""The summarising worker, killed again and again under load: nothing is lost, and nothing is wrong."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest

from tests.service import PROJECT, SECRET, clean_environment, procfile, run
from videosession import instants
from videosession.app import create_app
from videosession.services import services_of
from videosession.sessions.schemas import NewEvent

pytestmark = pytest.mark.processes

KILLS = int(os.environ.get("KILLS", "5"))  # 50 before a release
SESSIONS = 12
DAY = 24 * 3600 * instants.SECOND


@pytest.fixture
def app(db):
    return create_app({"JWT_SECRET": SECRET}, db=db)


@pytest.fixture
def settings(mongo_uri, db):
    uri = urlsplit(mongo_uri)._replace(path=f"/{db.name}").geturl()
    return {"FLASK_SKIP_DOTENV": 1, "MONGODB_URI": uri, "JWT_SECRET": SECRET}


def start(settings) -> subprocess.Popen:
    return subprocess.Popen(procfile("worker"), cwd=PROJECT, env=clean_environment(**settings))


class Appending(threading.Thread):
    """Appends to sessions in turn, makes all of it due at once, and asks for the film, so that daily sums are kept."""

    def __init__(self, app, db):
        super().__init__(daemon=True)
        parts = services_of(app)
        self.sessions, self.videos, self.db = parts.sessions, parts.videos, db
        self.videos._most = 1
        self.ids = [
            self.sessions.create(owner="alice", title="x", description="", videoId="film")["_id"]
            for _ in range(SESSIONS)
        ]
        for place, session in enumerate(self.ids):
            db.sessions.update_one({"_id": session}, {"$inc": {"createdAt": -(2 + place % 3) * DAY}})
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
            if place % 20 == 0:
                self.videos.ask("film", owner="alice")


def kill_again_and_again(begin, times):
    chance = random.Random(3)
    for _ in range(times):
        worker = begin()
        time.sleep(chance.uniform(1, 3))
        worker.kill()
        worker.wait()


def test_a_killed_worker_leaves_no_wrong_results(app, db, settings):
    appending = Appending(app, db)
    appending.start()
    kill_again_and_again(lambda: start(settings), KILLS)
    appending.is_over.set()
    appending.join()
    assert run(["flask", "summarise"], **settings).returncode == 0
    appending.videos.sums.timer = lambda: 0
    assert appending.videos.ask("film", owner="alice").pending == 0
    made = {"packed": {"$exists": True}}
    assert [each["clean"] == each["token"] for each in db.sums.find(made)] == [True] * 3
    verified = run(["flask", "summarise", "--verify"], **settings)
    assert verified.returncode == 0, verified.stdout
    sessions = list(db.sessions.find({}))
    assert all(session["result"]["of"] == session["revision"] and "due" not in session for session in sessions)
    # What is wrong would be found.
    db.sums.update_one(made, {"$set": {"packed": {}}})
    assert "The sum of film" in run(["flask", "summarise", "--verify"], **settings).stdout
    db.sessions.update_one({}, {"$set": {"result.packed": b"[]"}})
    assert "The result of session" in run(["flask", "summarise", "--verify"], **settings).stdout


def test_a_worker_that_adds_differences_leaves_wrong_sums_when_killed(app, db, mongo_uri):
    """The control."""
    appending = Appending(app, db)
    appending.start()
    command = [sys.executable, "-m", "tests.video.adding_worker", mongo_uri, db.name]
    kill_again_and_again(lambda: subprocess.Popen(command, cwd=PROJECT), 3)
    appending.is_over.set()
    appending.join()
    assert subprocess.call([*command, "--once"], cwd=PROJECT) == 0
    true = sum(appending.sessions.count(session, owner="alice") for session in appending.ids)
    assert db.added.find_one({"_id": "events"})["sum"] != true


def test_the_worker_ends_on_sigterm(settings):
    worker = start(settings)
    time.sleep(3)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) in (0, -signal.SIGTERM)  # the latter where it had not begun
