"""The embedded database, with processes that are really started, killed, forked and raced."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pymongo
import pytest
from pymongo.errors import OperationFailure, PyMongoError

from videosession.embedded import Embedded, keeper

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
RUST_SERVER = keeper.rust_server()
JOURNALED, PLAIN = pymongo.WriteConcern("majority", j=True), pymongo.WriteConcern(1)


NO_RUST_SERVER = f"no {keeper.RUST_SERVER} in a known version on PATH"


def until(condition, within_seconds=30):
    """Wait until `condition` is true, and return its value."""
    deadline = time.monotonic() + within_seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found


def listens(database):
    with socket.socket() as probe:
        return probe.connect_ex(pymongo.uri_parser.parse_uri(database.uri)["nodelist"][0]) == 0


def alive(pid):
    """Return whether the process runs; a zombie that nobody has reaped does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return state.strip()[:1] not in ("", "Z")


def released(directory):
    if not directory.exists():
        return True
    with open(directory / "database.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def processes(arguments):
    """Return the processes that run with these arguments."""
    listing = subprocess.run(["ps", "-A", "-ww", "-o", "args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if f" {arguments}" in line]


def databases(directory):
    return processes(f"serve {directory} ") + processes(f"--storage-path {directory}/database")


def hide_rust_server(monkeypatch):
    """Leave no Rust server on PATH."""
    places = os.environ["PATH"].split(os.pathsep)
    kept = [place for place in places if not (Path(place) / keeper.RUST_SERVER).exists()]
    monkeypatch.setenv("PATH", os.pathsep.join(kept))


def accepts(database, command):
    try:
        return bool(database.command(command))
    except OperationFailure:
        return False


def things(client, concern=JOURNALED):
    return client.get_default_database().get_collection("things", write_concern=concern)


@pytest.fixture(autouse=True, params=["python", "rust"])
def server(request, monkeypatch):
    """Which server runs: the same promises hold for both."""
    if request.param == "python":
        hide_rust_server(monkeypatch)
    elif not RUST_SERVER:
        pytest.skip(NO_RUST_SERVER)
    return request.param


@pytest.fixture
def directory(tmp_path):
    yield tmp_path / "instance"
    until(lambda: released(tmp_path / "instance"))


@pytest.fixture
def database(directory):
    """The database, owned by this process for the duration of the test."""
    database = Embedded(directory)
    database.ensure()
    yield database
    database.close()


@pytest.fixture
def client(database):
    with pymongo.MongoClient(database.uri, timeoutMS=10_000) as client:
        yield client


@pytest.fixture
def start(directory):
    """Start processes that use the database; they are killed when the test ends."""
    started = []

    def start(*arguments, **options):
        command = [sys.executable, ROOT / "tests/embedded_process.py", directory, *arguments]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
        started.append(subprocess.Popen(command, **pipes, **options))
        return started[-1]

    yield start
    for process in started:
        with process:
            process.kill()


def own(start, directory):
    """Let another process own the database; yield that process and the database."""
    process, database = start(), Embedded(directory)
    assert process.stdout.readline() == "ready\n"
    until(lambda: listens(database))
    return process, database


class Writers:
    """Four threads that insert as fast as they can and remember what was acknowledged."""

    def __init__(self, client, concern):
        self.acknowledged, self._things, self._stop = [], things(client, concern), threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(name,)) for name in "abcd"]

    def _write(self, name):
        number = 0
        while not self._stop.is_set():
            number += 1
            try:
                self._things.insert_one({"_id": f"{name}{number}"})
            except PyMongoError:
                continue  # it may or may not be there
            self.acknowledged.append(f"{name}{number}")

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def until_more(self, count):
        target = len(self.acknowledged) + count
        until(lambda: len(self.acknowledged) >= target)

    def lost(self):
        return set(self.acknowledged) - set(self._things.distinct("_id"))


def test_a_start_returns_with_an_address_before_the_database_listens(database):
    assert not listens(database)
    until(lambda: listens(database))


@pytest.mark.parametrize("concern", [JOURNALED, PLAIN], ids=["journaled", "plain"])
def test_killed_during_writes_it_is_back_within_ten_seconds_with_all_acknowledged_writes(database, client, concern):
    with Writers(client, concern) as writers:
        for _ in range(2):
            writers.until_more(150)
            os.kill(database.pid, signal.SIGKILL)
            writers.until_more(1)
    assert writers.lost() == set()


def test_with_its_default_flags_acknowledged_writes_are_lost(tmp_path, server):
    port, settings = keeper.free_port(), tmp_path / "empty.toml"
    settings.touch()
    flags = ["--config", settings, "--port", str(port), "--storage-path", tmp_path / "data", "--log-level", "ERROR"]
    command = [RUST_SERVER, *flags] if server == "rust" else [sys.executable, "-m", "secantus", *flags]
    with pymongo.MongoClient(f"mongodb://127.0.0.1:{port}/videosession?retryWrites=false", timeoutMS=10_000) as client:
        process = subprocess.Popen(command)
        with Writers(client, PLAIN) as writers:
            for _ in range(2):
                writers.until_more(400)
                process.kill()
                process.wait()
                process = subprocess.Popen(command)
                writers.until_more(1)
        lost = writers.lost()
    process.kill()
    process.wait()
    assert lost


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None], ids=["killed", "terminated", "done"])
def test_the_database_ends_with_the_process_that_started_it(directory, start, end):
    owner, database = own(start, directory)
    owner.send_signal(end) if end else owner.stdin.close()
    until(lambda: not alive(database.pid))
    until(lambda: not alive(database.keeper_pid))


def test_a_forked_child_does_not_keep_the_database_alive(directory, start):
    owner = start("fork")
    child = int(owner.stdout.readline())
    database = Embedded(directory)
    until(lambda: listens(database))
    owner.kill()
    until(lambda: not alive(database.pid))
    assert alive(child)
    os.kill(child, signal.SIGKILL)


def test_a_forked_child_restarts_the_database_after_its_parent_was_killed(directory, start):
    owner = start("fork")
    child = int(owner.stdout.readline())
    database = Embedded(directory)
    until(lambda: listens(database))
    owner.kill()
    until(lambda: released(directory))
    os.kill(child, signal.SIGUSR1)
    until(lambda: listens(database))
    os.kill(child, signal.SIGKILL)


def test_processes_that_start_at_once_start_one_database(directory, start, tmp_path):
    with open(tmp_path / "errors", "w+") as errors:
        for _ in range(3):
            racers = [start(stderr=errors), start(stderr=errors)]
            assert [racer.stdout.readline() for racer in racers] == ["ready\n"] * 2
            database = Embedded(directory)
            until(lambda database=database: listens(database))
            assert len(databases(directory)) == 1
            until(lambda: len(processes(f"keep {directory} ")) == 2)  # those of the round before are ending
            for racer in racers:
                racer.kill()
    assert (tmp_path / "errors").read_text() == ""


def test_another_process_takes_over_when_the_owner_is_killed(directory, start):
    owner, database = own(start, directory)
    other = start()
    other.stdout.readline()
    with pymongo.MongoClient(database.uri, timeoutMS=10_000) as client:
        things(client).insert_one({"_id": "kept"})
        before = database.pid
        owner.kill()
        until(lambda: not alive(before))
        assert things(client).find_one() == {"_id": "kept"}
    assert database.pid != before


def test_a_new_keeper_waits_until_the_killed_keepers_database_has_ended(directory, start):
    _, database = own(start, directory)
    start().stdout.readline()
    before = database.pid
    os.kill(database.keeper_pid, signal.SIGKILL)
    until(lambda: not alive(before))
    until(lambda: listens(database) and database.pid != before)


def test_data_survive_a_stop_and_an_immediate_start(directory):
    for round_ in range(2):
        database = Embedded(directory)
        database.ensure()
        with pymongo.MongoClient(database.uri, timeoutMS=10_000) as client:
            assert things(client).count_documents({}) == round_
            things(client).insert_one({})
        database.close()


def test_a_start_waits_for_the_previous_database_to_end(directory, start):
    owner, database = own(start, directory)
    before = database.pid
    owner.kill()
    start()
    until(lambda: database.pid != before and listens(database))
    assert not alive(before)


def test_it_moves_to_another_port_when_its_port_was_taken_while_it_was_down(directory):
    database = Embedded(directory)
    database.ensure()
    database.close()
    before = database.uri
    with socket.create_server(pymongo.uri_parser.parse_uri(before)["nodelist"][0]):
        database.ensure()
        until(lambda: database.uri != before and listens(database))
    database.close()


def test_a_database_that_cannot_start_is_retried_and_the_reason_is_reported(directory, start, tmp_path):
    directory.mkdir()
    (directory / "database").touch()
    with open(tmp_path / "errors", "w+") as errors:
        start(stderr=errors)
        until(lambda: "File exists" in (tmp_path / "errors").read_text())
    (directory / "database").unlink()
    until(lambda: listens(Embedded(directory)))


@pytest.mark.parametrize("allowed", [True, False])
def test_fail_points_exist_only_if_requested(directory, allowed):
    database = Embedded(directory, test_commands=allowed)
    database.ensure()
    with pymongo.MongoClient(database.uri, timeoutMS=10_000) as client:
        assert accepts(client.admin, {"configureFailPoint": "failCommand", "mode": "off"}) is allowed
    database.close()


def test_no_other_user_can_read_its_files(directory, database):
    until(lambda: listens(database))
    assert {path.stat().st_mode & 0o077 for path in [directory, *directory.rglob("*")]} == {0}


def run_without_secantus(tmp_path):
    """Ask for the database where only the standard library is installed; return the error message."""
    program = (
        "import sys; sys.path.append(sys.argv[1]);"
        "from videosession.embedded import Embedded; Embedded('instance').ensure()"
    )
    command = [sys.executable, "-I", "-S", "-c", program, ROOT]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stderr


def test_without_the_package_the_error_names_both_solutions(tmp_path, monkeypatch):
    hide_rust_server(monkeypatch)
    error = run_without_secantus(tmp_path)
    assert "NotInstalledError" in error
    assert "requirements-dev.txt" in error
    assert "MONGODB_URI" in error


def test_the_rust_server_is_used_if_it_is_the_only_one_installed(tmp_path, server):
    assert (run_without_secantus(tmp_path) == "") is (server == "rust")


def program(database):
    return subprocess.run(["ps", "-o", "comm=", "-p", str(database.pid)], capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_data_can_be_handed_from_the_python_server_to_the_rust_server_and_back(directory, monkeypatch, server, killed):
    """Runs twice, beginning with either server."""
    if not RUST_SERVER:
        pytest.skip(NO_RUST_SERVER)
    database = Embedded(directory)
    with_rust = (
        os.environ["PATH"] if server == "rust" else f"{Path(RUST_SERVER).parent}{os.pathsep}{os.environ['PATH']}"
    )
    for round_, is_rust in enumerate([server == "rust", server != "rust"] * 2):
        monkeypatch.setenv("PATH", with_rust)
        if not is_rust:
            hide_rust_server(monkeypatch)
        database.ensure()
        with pymongo.MongoClient(database.uri, timeoutMS=10_000) as client:
            found = things(client).find({"owner": "a"}, hint="by_place" if round_ else None).sort("place")
            assert [each["place"] for each in found] == list(range(50 * round_))
            assert (program(database) == keeper.RUST_SERVER) is is_rust
            things(client).create_index([("owner", 1), ("place", 1)], name="by_place")
            for place in range(50 * round_, 50 * (round_ + 1)):
                things(client).insert_one({"_id": f"{place}", "owner": "a", "place": place})
            if killed:
                os.kill(database.pid, signal.SIGKILL)
        database.close()


# What a program of that name may do when it is asked for its version.
STRANGERS = {"of another version": "echo secantusd-rs 9.9.9", "of none": "true", "that fails": "exit 1"}


def test_the_python_server_is_not_a_replica_set_and_has_no_oplog(database, client, server):
    things(client).insert_one({})
    things(client).update_one({}, {"$set": {"place": 1}})
    is_member = "setName" in client.admin.command("hello")
    has_oplog = bool(client.local["oplog.rs"].count_documents({}))
    assert (is_member, has_oplog) == ((False, False) if server == "python" else (True, True))


@pytest.mark.parametrize("script", STRANGERS.values(), ids=STRANGERS)
def test_a_rust_server_is_not_used_that_is(tmp_path, monkeypatch, script):
    (tmp_path / keeper.RUST_SERVER).write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / keeper.RUST_SERVER).chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert keeper.rust_server() is None


def test_a_database_with_fail_points_runs_on_the_python_server(directory):
    database = Embedded(directory, test_commands=True)
    database.ensure()
    until(lambda: listens(database))
    assert program(database) != keeper.RUST_SERVER
    database.close()
