"""When the database's disk is nearly full, writes are refused and everything else works."""

import subprocess
import sys

import pytest

from tests.client import Client
from tests.service import SECRET
from videosession.app import create_app
from videosession.database import LEAST_FREE_BYTES
from videosession.embedded import keeper
from videosession.embedded.keeper import ENOUGH_TO_START
from videosession.services import services_of

PLAY = {"type": "play", "timestamp": "2026-03-01T10:00:00.000Z"}


@pytest.fixture
def client(memory_db) -> Client:
    return Client(create_app({"JWT_SECRET": SECRET}, db=memory_db))


@pytest.fixture
def fill(client):
    """Pretend that so many bytes are free."""

    def fill(free: int) -> None:
        services_of(client.app).database._free_bytes = lambda: free

    return fill


WRITES = {
    "create": lambda client, session: client.post("/api/sessions", {"title": "x"}),
    "append": lambda client, session: client.append(session, PLAY),
    "change": lambda client, session: client.request("PATCH", f"/api/sessions/{session}", {"title": "y"}),
    "declare a plan": lambda client, session: client.request(
        "PUT", "/api/videos/plan?videoId=v", {"nodes": [{"id": "a"}]}
    ),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_writes_are_refused_while_the_disk_is_full_and_accepted_once_there_is_space(client, fill, write):
    session = client.new_session()
    fill(LEAST_FREE_BYTES - 1)
    refused = write(client, session)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "60")
    assert "almost out of disk space" in refused.json["detail"]
    fill(LEAST_FREE_BYTES)
    assert write(client, session).status_code in (200, 201)


def test_reading_and_deleting_work_while_the_disk_is_full(client, fill):
    session = client.new_session()
    client.append(session, PLAY)
    fill(0)
    for path in (f"/api/sessions/{session}", f"/api/sessions/{session}/timeline", "/api/sessions", "/readyz"):
        assert client.get(path).status_code == 200
    assert client.delete(f"/api/sessions/{session}").status_code == 200


def test_a_full_disk_is_logged_once(client, fill, caplog):
    fill(0)
    for _ in range(3):
        client.post("/api/sessions", {"title": "x"})
    assert [record.message.split(":")[0] for record in caplog.records if record.levelname == "ERROR"] == [
        "less than 64 MiB are free where the database is"
    ]


# The process that keeps the database running


@pytest.fixture
def free(monkeypatch):
    """Pretend that so many bytes are free, at one check after the other."""

    def have(*each: int) -> None:
        left = list(each)
        monkeypatch.setattr(keeper, "free_bytes", lambda _: left.pop(0) if len(left) > 1 else left[0])

    monkeypatch.setattr(keeper, "_LOOK_SECONDS", 0.01)
    return have


def test_a_start_waits_for_disk_space_and_leaves_nothing_behind(free, tmp_path, caplog):
    free(0, 0, ENOUGH_TO_START - 1, ENOUGH_TO_START)
    keeper._wait_for_space(tmp_path)
    [record] = caplog.records
    assert f"less than 32 MiB are free in {tmp_path}: free some" in record.message
    assert list(tmp_path.iterdir()) == []


def watched(tmp_path, *, ends: bool) -> tuple[int, bool]:
    """Watch a process in place of the database; return its exit code and whether it listened."""
    program = "pass" if ends else "import sys; sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as process:
        has_listened = keeper._watch(process, keeper.free_port(), tmp_path)
    return process.returncode, has_listened


def test_a_database_that_stopped_on_a_full_disk_is_restarted_once_there_is_space(free, tmp_path):
    free(ENOUGH_TO_START, 0, ENOUGH_TO_START - 1, ENOUGH_TO_START)
    assert watched(tmp_path, ends=False) == (-9, False)


def test_a_database_whose_storage_failed_is_restarted_although_nobody_saw_the_disk_full(free, tmp_path):
    free(ENOUGH_TO_START)
    panic = "internal error\n_wiredtiger.WiredTigerError: WT_PANIC: WiredTiger library panic\n"
    (tmp_path / "database.log").write_text("x" * 5000 + panic)
    assert watched(tmp_path, ends=False) == (-9, False)


def test_a_database_that_never_listened_counts_as_not_started(free, tmp_path):
    free(ENOUGH_TO_START)
    assert watched(tmp_path, ends=True) == (0, False)
