"""Where an experiment plays: a database of its own, services on it, and players that speak to them over HTTP."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.service import Answer, Service, free_port, mint, serve, wait_until
from videosession.embedded import Embedded

AT = "2026-03-01T10:00:00Z"
GIVE_UP_SECONDS = 60
RECENT_BYTES = 1024  # a few events: in every experiment they are moved out of their sessions all the time


class Durable:
    """The embedded database, as the service runs it, with fail points; without them it may be the one in Rust."""

    def __init__(self, directory: Path, *, test_commands: bool = True):
        self._server = Embedded(directory / "durable", test_commands=test_commands)
        self._server.ensure()

    @property
    def uri(self) -> str:
        return self._server.uri

    def kill(self) -> None:
        """Kill it, without a warning; its keeper starts it again."""
        pid = wait_until(lambda: self._server.pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self._server.pid != pid)

    def close(self) -> None:
        self._server.close()


class Careless:
    """The same database with its default flags: it answers before anything is on the disk."""

    def __init__(self, directory: Path):
        (directory / "empty.toml").touch()
        port = free_port()
        flags = ["--config", directory / "empty.toml", "--port", port, "--storage-path", directory / "careless"]
        self._command = [sys.executable, "-m", "secantus", *map(str, flags), "--log-level", "ERROR"]
        self.uri = f"mongodb://127.0.0.1:{port}/videosession?retryWrites=false"
        self._start()

    def kill(self) -> None:
        self.close()
        self._start()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Stage:
    """One database, and the services that run on it."""

    def __init__(self, directory: Path, database: Durable | Careless):
        self.directory = directory
        self.database = database
        self._services: list[Service] = []

    def serve(self, arguments: str = "", *, uri: str | None = None, **settings) -> Service:
        """Start a service, with gunicorn `arguments`; it ends with the stage."""
        settings = {"application": "tests.battery.narrow:app"} | settings
        self._services.append(serve(self.directory, uri or self.database.uri, arguments, **settings))
        return self._services[-1]

    def close(self) -> None:
        for service in self._services:
            service.stop()
        self.database.close()


@contextlib.contextmanager
def stage(database: Callable[[Path], Durable | Careless] = Durable) -> Iterator[Stage]:
    """Yield a stage, and leave nothing of it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        built = Stage(Path(directory), database(Path(directory)))
        try:
            yield built
        finally:
            built.close()


class Remote:
    """A client over HTTP on a connection that it keeps, under the names of the tests' own client."""

    def __init__(self, port: int, subject: str = "alice", timeout: float = 15):
        self.token = mint(sub=subject)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def request(self, method: str, path: str, body=None, **headers) -> Answer:
        """Send one request; OSError or HTTPException where no answer comes."""
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"} | headers
        try:
            self._connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = self._connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def post(self, path: str, body) -> Answer:
        return self.request("POST", path, body)

    def delete(self, path: str) -> Answer:
        return self.request("DELETE", path)

    def new_session(self) -> str:
        answer = self.post("/api/sessions", {"title": "A session"})
        assert answer.status_code == 201, answer.text
        return answer.json["id"]

    def close(self) -> None:
        self._connection.close()


class Gone(Exception):
    """A session that was acknowledged is not there."""


class Player(threading.Thread):
    """Appends event after event to a session of its own, each sent again until it is acknowledged.

    `named` events carry an eventId, so that sending one again is no second one.
    """

    def __init__(self, port: int, number: int, *, named: bool = True):
        super().__init__(daemon=True)
        self.acknowledged: dict[str, dict] = {}
        self.troubles = Counter()
        self._remote = Remote(port, f"player-{number}")
        self._named = named
        self._enough = threading.Event()
        self.session_id = self._insist(
            lambda: self._remote.request("POST", "/api/sessions", {"title": "x"}, **{"Idempotency-Key": "mine"})
        )["id"]

    def run(self) -> None:
        with contextlib.suppress(Gone):
            self._play()

    def _play(self) -> None:
        number = 0
        while not self._enough.is_set():
            number += 1
            event = {"type": "ping", "timestamp": AT, "data": {"number": number, "text": "é" * 20}}
            event |= {"eventId": f"e{number}"} if self._named else {}
            answer = self._insist(partial(self._remote.post, f"/api/sessions/{self.session_id}/events", event))
            self.acknowledged[answer["eventId"]] = answer

    def give_up(self) -> None:
        self._enough.set()

    def stop(self) -> None:
        """Let it finish what it is at."""
        self.give_up()
        self.join()

    def stored(self) -> list[dict]:
        """Read what is there; nothing where the session itself is not."""
        answer = self._remote.get(f"/api/sessions/{self.session_id}")
        return answer.json["events"] if answer.status_code == 200 else []

    def close(self) -> None:
        self._remote.close()

    def _insist(self, deed: Callable[[], Answer]) -> dict:
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = deed()
            except (OSError, http.client.HTTPException) as error:
                self.troubles[type(error).__name__] += 1
            else:
                if answer.status_code == 201:
                    return answer.json
                self.troubles[answer.status_code] += 1
                if answer.status_code == 404:
                    raise Gone
                assert answer.status_code == 503, answer.text
            self._enough.wait(0.02)
        raise AssertionError(f"no acknowledgement in {GIVE_UP_SECONDS} s")


class Verdict(Counter):
    """What became of acknowledged events: how many were lost, are there twice, or were changed."""

    @classmethod
    def of(cls, players: list[Player]) -> "Verdict":
        verdict = cls(acknowledged=0, lost=0, twice=0, changed=0)
        for player in players:
            listed = player.stored()
            stored = {event["eventId"]: event for event in listed}
            numbers = Counter(event["data"]["number"] for event in listed)
            verdict["acknowledged"] += len(player.acknowledged)
            verdict["lost"] += len(player.acknowledged.keys() - stored.keys())
            verdict["twice"] += sum(count - 1 for count in numbers.values())
            verdict["changed"] += sum(
                stored[event_id] != event for event_id, event in player.acknowledged.items() if event_id in stored
            )
        return verdict

    @property
    def is_clean(self) -> bool:
        return not (self["lost"] or self["twice"] or self["changed"])

    def __str__(self) -> str:
        return "{acknowledged} acknowledged: {lost} lost, {twice} twice, {changed} changed".format(**self)


@contextlib.contextmanager
def playing(port: int, count: int, *, named: bool = True) -> Iterator[list[Player]]:
    """Have so many players append, until the block ends."""
    players = [Player(port, number, named=named) for number in range(count)]
    try:
        for player in players:
            player.start()
        yield players
        for player in players:
            player.stop()
    finally:
        for player in players:
            player.give_up()


def acknowledged(players: list[Player]) -> int:
    """Count what the players were told is stored."""
    return sum(len(player.acknowledged) for player in players)


def until_more(players: list[Player], count: int) -> None:
    """Wait until that many more events are acknowledged, or no player is left."""
    wanted = acknowledged(players) + count
    wait_until(lambda: acknowledged(players) >= wanted or not any(each.is_alive() for each in players), GIVE_UP_SECONDS)
