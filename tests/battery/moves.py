"""Sessions whose events are moved out of them all the time, by two workers, while they are read, deleted or killed."""

import contextlib
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator

import pymongo

from tests.battery.finding import Finding
from tests.battery.stage import AT, Remote, Stage, Verdict, playing, stage, until_more
from tests.service import Service

SESSIONS, APPENDERS, APPENDS = 30, 4, 12
KILLS, EVENTS_A_KILL, PLAYERS = 15, 120, 4


def experiments() -> Iterator[Finding]:
    """Append to, move, read and delete the same sessions at once; then kill workers, each in the middle of moves."""
    with stage() as built:
        found = churn(built)
    what = f"{SESSIONS} sessions appended to, moved and read at once by 2 workers, half of them deleted"
    figures = "{acknowledged} acknowledged, {reads} reads: {lost} lost, {twice} twice, {left} left behind".format(
        **found
    )
    yield Finding(what, figures, not (found["lost"] or found["twice"] or found["left"]) and found["reads"] > SESSIONS)
    with stage() as built:
        verdict, moved = killed(built)
        figures = f"{verdict}, in {moved} moves"
    yield Finding(
        f"kill -9 of a worker, {KILLS} times, in the middle of moves", figures, verdict.is_clean and moved > 0
    )


def killed(built: Stage) -> tuple[Verdict, int]:
    """Kill a worker each time that so many more events are acknowledged; return what came of them, and the moves."""
    service = built.serve(WEB_CONCURRENCY=2)
    with playing(service.port, PLAYERS) as players:
        for _ in range(KILLS):
            until_more(players, EVENTS_A_KILL)
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(random.choice(service.worker_pids()), signal.SIGKILL)
        until_more(players, EVENTS_A_KILL)
    verdict = Verdict.of(players)
    for player in players:
        player.close()
    with pymongo.MongoClient(built.database.uri) as mongo:
        moved = sum(session.get("moved", 0) for session in mongo.get_default_database().sessions.find({}, {"moved": 1}))
    return verdict, moved


def churn(built: Stage) -> Counter:
    """Use many sessions, one after the other, from everybody at once."""
    service, found = built.serve(WEB_CONCURRENCY=2), Counter(acknowledged=0, reads=0, lost=0, twice=0, left=0)
    with pymongo.MongoClient(built.database.uri) as mongo:
        events = mongo.get_default_database().events
        for number in range(SESSIONS):
            session = Churned(service, is_deleted=number % 2 == 1)
            found.update(session.found)
            found["left"] += events.count_documents({"session": session.id}) if session.is_deleted else 0
    return found


class Churned:
    """One session that several clients append to, while one reads it and one perhaps deletes it."""

    def __init__(self, service: Service, *, is_deleted: bool):
        self._service = service
        self.is_deleted = is_deleted
        self._acknowledged: dict[str, dict] = {}
        self._is_over = threading.Event()
        self.found: Counter = Counter()
        client = Remote(service.port)
        self.id = client.new_session()
        self._path = f"/api/sessions/{self.id}"
        appenders = [threading.Thread(target=self._append, args=(number,)) for number in range(APPENDERS)]
        others = [threading.Thread(target=self._read), *([threading.Thread(target=self._delete)] * is_deleted)]
        for thread in (*appenders, *others):
            thread.start()
        for thread in appenders:
            thread.join()
        self._is_over.set()
        for thread in others:
            thread.join()
        self.found["acknowledged"] = len(self._acknowledged)
        self._look(client)
        client.close()

    def _append(self, number: int) -> None:
        """Send events one by one and in batches, each pair of clients the same ones."""
        client = Remote(self._service.port)
        for place in range(APPENDS):
            names = [f"{number // 2}-{place}-{each}" for each in range(random.choice((1, 1, 9)))]
            sent: list[dict] = [
                {"eventId": name, "type": "ping", "timestamp": AT, "data": {"name": name * 4}} for name in names
            ]
            answer = client.post(f"{self._path}/events", sent)
            if answer.status_code == 201:
                self._acknowledged |= {event["eventId"]: event for event in sent}
        client.close()

    def _read(self) -> None:
        client = Remote(self._service.port)
        while not self._is_over.is_set():
            self._look(client)
        client.close()

    def _look(self, client: Remote) -> None:
        before = dict(self._acknowledged)
        with contextlib.suppress(Exception):  # a session that goes while it is read breaks off
            answer = client.get(self._path)
            if answer.status_code == 200:
                self._compare(before, answer.json["events"])

    def _compare(self, before: dict[str, dict], events: list[dict]) -> None:
        there = {event["eventId"]: event for event in events}
        self.found["reads"] += 1
        self.found["twice"] += len(events) - len(there)
        self.found["lost"] += sum(there.get(name) != event for name, event in before.items())

    def _delete(self) -> None:
        while len(self._acknowledged) < APPENDERS * APPENDS // 4 and not self._is_over.wait(0.01):
            pass
        client = Remote(self._service.port)
        assert client.delete(self._path).status_code == 200
        client.close()
