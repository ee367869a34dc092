"""The service with its own database, killed at work: what it acknowledged is kept, and no process remains."""

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service import SECRET, Service, free_port, mint, on_linux, procfile, wait_until

pytestmark = pytest.mark.processes

ROUNDS, CLIENTS, WRITES_A_ROUND = 3, 4, 40
BACK_SECONDS = 10
EVENT = {"type": "play", "timestamp": "2026-03-01T10:00:00Z", "data": {}}


@pytest.fixture
def instance(tmp_path) -> Path:
    return tmp_path / "instance"


@pytest.fixture
def crashing(tmp_path, instance) -> Iterator[Service]:
    """The service under gunicorn with two workers, and a database of its own."""
    port = free_port()
    settings = {"INSTANCE_PATH": instance, "JWT_SECRET": SECRET, "PORT": port, "WEB_CONCURRENCY": 2}
    with Service(procfile("web"), port, tmp_path / "log", FLASK_SKIP_DOTENV=1, **settings) as service:
        wait_until(lambda: create(service))
        yield service


def create(service: Service) -> str | None:
    """Open a session, if the database is there."""
    answer = service.request("POST", "/api/sessions", {"title": "x"}, mint())
    return answer.json["id"] if answer.status_code == 201 else None


def database_pid(instance: Path) -> int:
    return json.loads((instance / "database.json").read_text())["pid"]


class Writer(threading.Thread):
    """Appends to a session of its own as fast as it can, and remembers what was acknowledged."""

    def __init__(self, service: Service):
        super().__init__()
        self.service = service
        self.session_id = wait_until(lambda: create(service))
        self.acknowledged: list[str] = []
        self.others: set[int] = set()
        self.is_over = False

    def run(self) -> None:
        token = mint()
        while not self.is_over:
            with contextlib.suppress(OSError):
                answer = self.service.request("POST", f"/api/sessions/{self.session_id}/events", EVENT, token)
                if answer.status_code == 201:
                    self.acknowledged.append(answer.json["eventId"])
                else:
                    self.others.add(answer.status_code)

    def stored(self) -> set[str]:
        events = wait_until(self._read, BACK_SECONDS)  # the other worker may find the database a moment later
        return {event["eventId"] for event in events}

    def _read(self) -> list[dict] | None:
        answer = self.service.request("GET", f"/api/sessions/{self.session_id}", token=mint())
        return answer.json["events"] if answer.status_code == 200 else None


def test_acknowledged_events_survive_when_the_database_is_killed(crashing, instance):
    writers = [Writer(crashing) for _ in range(CLIENTS)]
    for writer in writers:
        writer.start()
    times = []
    try:
        for _ in range(ROUNDS):
            wait_for_writes(writers, WRITES_A_ROUND)
            os.kill(database_pid(instance), signal.SIGKILL)
            killed_at = time.monotonic()
            wait_for_writes(writers, WRITES_A_ROUND)
            times.append(time.monotonic() - killed_at)
    finally:
        for writer in writers:
            writer.is_over = True
            writer.join()
    assert max(times) < BACK_SECONDS, "it works again"
    for writer in writers:
        assert set(writer.acknowledged) <= writer.stored()
        assert writer.others <= {503}


def wait_for_writes(writers: list[Writer], count: int) -> None:
    """Wait until every writer has been acknowledged so many writes more."""
    wanted = [len(writer.acknowledged) + count // CLIENTS for writer in writers]
    wait_until(lambda: all(len(writer.acknowledged) >= least for writer, least in zip(writers, wanted, strict=True)))


def processes(instance: Path, service: Service) -> dict[int, str]:
    """Find every process of a service: gunicorn's, and those that name its directory."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command, state = (path / "cmdline").read_text(), (path / "stat").read_text().rpartition(") ")[2]
            is_its = str(instance) in command or int(state.split()[2]) == service.process.pid
            if is_its and state[0] != "Z":
                found[int(path.name)] = command.replace("\0", " ")
    return found


@on_linux
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_no_processes_remain_when_the_service_ends(crashing, instance, how):
    assert len(processes(instance, crashing)) >= 5, "gunicorn, two workers, a keeper and a database"
    crashing.process.send_signal(how)
    code = crashing.process.wait(20)
    assert code == (0 if how != signal.SIGKILL else -how)
    wait_until(lambda: not processes(instance, crashing), BACK_SECONDS)
