"""Appending during a deletion leaves no events behind; two simpler designs, as controls, do."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.databases import event
from videosession import instants
from videosession.database import Database
from videosession.errors import NotFound
from videosession.sessions.appends import RECENT_BYTES, Appends
from videosession.sessions.repository import Condition, SessionRepository

pytestmark = pytest.mark.processes

SESSIONS, APPENDS, APPENDERS = 100, 12, 4


class NoLastLook(SessionRepository):
    """Checks that the session exists, then inserts."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._appends = Unconfirmed(*arguments)


class Unconfirmed(Appends):
    """Takes its time between the look and the insert, as on a busy machine."""

    def _insert_new(self, *arguments) -> None:
        time.sleep(0.005)
        super()._insert_new(*arguments)

    def _confirm(self, *arguments) -> None: ...


class EventsFirst(SessionRepository):
    """Deletes the events, then the session."""

    def delete(self, session_id: str, *, owner: str, condition: Condition | None = None) -> None:
        self._database.events.delete_many({"session": session_id})
        self._database.sessions.delete_one({"_id": session_id, "owner": owner})


class Race:
    """One process appends to a session from several threads; another one deletes it when some have begun."""

    def __init__(self, design: type[SessionRepository], db, recent_bytes: int = 0):
        self.db = db
        self.appender, self.deleter = (design(Database(str, db), instants.now, recent_bytes) for _ in range(2))

    def left_behind(self) -> int:
        """Run one race, and count the events of a session that is gone."""
        session_id = self.appender.create(owner="alice", title="T", description="")["_id"]
        begun, start = threading.Semaphore(0), threading.Barrier(APPENDERS + 1)
        with ThreadPoolExecutor(APPENDERS + 1) as threads:
            runs = [threads.submit(self._append, session_id, begun, start) for _ in range(APPENDERS)]
            runs.append(threads.submit(self._delete, session_id, begun, start, random.randint(1, APPENDS)))
            for run in runs:
                run.result()
        return self.db.events.count_documents({"session": session_id})

    def _append(self, session_id: str, begun: threading.Semaphore, start: threading.Barrier) -> None:
        start.wait()
        for _ in range(APPENDS // APPENDERS):
            begun.release()
            try:
                self.appender.append_one(session_id, event(), owner="alice")
            except NotFound:
                continue

    def _delete(self, session_id: str, begun: threading.Semaphore, start: threading.Barrier, after: int) -> None:
        start.wait()
        for _ in range(after):
            begun.acquire()
        self.deleter.delete(session_id, owner="alice")


@pytest.mark.parametrize("recent_bytes", [RECENT_BYTES, 500, 0], ids=["in the session", "moving", "beside it"])
def test_appending_during_a_deletion_leaves_no_events(db, recent_bytes):
    race = Race(SessionRepository, db, recent_bytes)
    assert sum(race.left_behind() for _ in range(SESSIONS)) == 0


def test_without_the_final_check_appending_during_a_deletion_leaves_events(db):
    race = Race(NoLastLook, db)
    assert any(race.left_behind() for _ in range(SESSIONS))


def test_deleting_the_events_before_the_session_leaves_events(db):
    race = Race(EventsFirst, db)
    assert any(race.left_behind() for _ in range(SESSIONS))
