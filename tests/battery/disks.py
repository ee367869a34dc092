"""The embedded database on a disk that fills up, is full, and has space again."""

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pymongo
from pymongo.errors import PyMongoError

from tests.battery.finding import Finding, control
from tests.battery.stage import Careless, Remote
from tests.service import Service, serve, wait_until

MEBIBYTE = 1024 * 1024
DISK_MEBIBYTES = 200
LEAST_FREE_BYTES = (
    40 * MEBIBYTE
)  # 64 at the last write that is accepted, and then the database goes on with what it has
EVENT = {"type": "t", "timestamp": "2026-03-01T10:00:00Z", "data": {"a": "a" * 900_000}}


def experiments() -> Iterator[Finding]:
    """Fill a small disk of memory; only root may mount one."""
    with tempfile.TemporaryDirectory() as place:
        options = f"size={DISK_MEBIBYTES}m"
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=False).returncode:
            yield Finding("a full disk", "left out: no disk can be mounted here", holds=True)
            return
        try:
            yield from _fill(Path(place))
            yield _unguarded(Path(place))
        finally:
            subprocess.run(["umount", "-l", place], check=True)


def _fill(disk: Path) -> Iterator[Finding]:
    with _service(disk) as service:
        client = Remote(service.port)
        path, stored = f"/api/sessions/{client.new_session()}", 0
        other = client.new_session()
        while (refused := client.post(f"{path}/events", EVENT)).status_code == 201:
            stored += 1
        free, read = shutil.disk_usage(disk).free, client.get(f"{path}/events?limit=1").status_code
        holds = (refused.status_code, read) == (503, 200) and free > LEAST_FREE_BYTES
        figures = f"{stored} MB stored, then {refused.status_code}, {free // MEBIBYTE} MiB free; reads {read}"
        yield Finding("a disk that fills up", figures, holds)
        with _filled(disk, 0):
            full = {client.delete(f"/api/sessions/{other}").status_code for _ in range(3)}
            time.sleep(3)  # the process that runs the database looks at the disk once a second
        seconds = _until(lambda: client.get("/readyz").status_code == 200)
        events = sum(line.count(b'"eventId"') for line in client.get(path).data.splitlines())
        client.close()
    figures = f"{full} while full; works {seconds:.1f} s after there is space, {stored - events} events lost"
    yield Finding("a disk filled by another program", figures, seconds < 10 and events == stored)
    yield _start(disk)


def _start(disk: Path) -> Finding:
    """Start the service where too little is free, and then free it."""
    with _filled(disk, 10 * MEBIBYTE):
        before = shutil.disk_usage(disk).free
        with _service(disk) as service:
            time.sleep(8)  # how much is left behind in this time is what is measured
            left = before - shutil.disk_usage(disk).free
            told = "free some, and it starts by itself" in service.log.read_text()
            shutil.rmtree(disk / "filling")
            seconds = _until(lambda: service.request("GET", "/readyz").status_code == 200)
    figures = f"{left // 1024} KiB left behind in 8 s, ready {seconds:.1f} s after there is space"
    return Finding("a start on a full disk", figures, left < MEBIBYTE and told and seconds < 10)


def _unguarded(disk: Path) -> Finding:
    """Fill the disk through the database alone, and give it space again."""
    database = Careless(disk)
    with pymongo.MongoClient(database.uri, timeoutMS=10_000) as client:
        with contextlib.suppress(PyMongoError), _filled(disk, 30 * MEBIBYTE):
            while True:
                client.videosession.things.insert_one({"a": "a" * 900_000})
        time.sleep(5)  # more than the service takes
        try:
            answers = bool(client.videosession.things.insert_one({}))
        except PyMongoError:
            answers = False
    database.close()
    figures = "answers" if answers else "no answer 5 s after there is space"
    return control("a full disk, the database without the service", figures, answers)


def _service(disk: Path) -> Service:
    return serve(disk, "", INSTANCE_PATH=disk / "instance", WEB_CONCURRENCY=1)


@contextlib.contextmanager
def _filled(disk: Path, free: int) -> Iterator[None]:
    """Let another program fill the disk except for so many bytes."""
    (disk / "filling").mkdir()
    with contextlib.suppress(OSError), open(disk / "filling" / "file", "wb") as file:
        while shutil.disk_usage(disk).free > free:
            file.write(b"x" * 65536)
            file.flush()
    yield
    shutil.rmtree(disk / "filling", ignore_errors=True)


def _until(condition) -> float:
    started = time.monotonic()
    wait_until(condition)
    return time.monotonic() - started
