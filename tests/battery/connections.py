"""Clients that use their connections in every way that TCP allows leave nothing behind."""

import contextlib
import random
import signal
import socket
import struct
import threading
from collections.abc import Callable, Iterator

from tests.battery.finding import Finding, control, timed
from tests.battery.stage import Remote, Stage, stage
from tests.counted_worker import descriptors, held_by, memory
from tests.gunicorn_worker.test_hostile_http import HEAD, request
from tests.gunicorn_worker.test_worker import LIVEZ, held
from tests.service import Service, wait_until

MEBIBYTE = 1024 * 1024
GROWTH = 250 * MEBIBYTE  # that the allocator may keep of what all of them needed at once
FEW_FILES = 8
UPLOAD = HEAD.replace(b"/json", b"/x-ndjson") + b"Content-Length: 8000000\r\n\r\n"
EVENT = {"type": "t", "timestamp": "2026-03-01T10:00:00Z", "data": {"a": "a" * 900_000}}


def experiments() -> Iterator[Finding]:
    """Let each kind of client come and go, and check what the worker still holds; then stop it during answers."""
    with stage() as built:
        service, path = _served(built, "tests.counted_worker.Worker")
        stream = request(f"GET {path} HTTP/1.1".encode(), b"Accept: application/x-ndjson")
        before = memory(service)
        for name, deed in DEEDS.items():
            yield _left_behind(service, name, deed, stream)
        grown = memory(service) - before
        traces = service.log.read_text().count("Traceback")
        figures = f"{grown // MEBIBYTE} MiB more than before, {traces} tracebacks"
        yield Finding("the worker's memory after all of these", figures, grown < GROWTH and not traces)
        yield _stopped(service, stream)
        service, path = _served(built, "tests.counted_worker.Forgetful")
        finding = _left_behind(service, "interrupted uploads, a worker that does not reduce its counts", break_off, b"")
        yield control(finding.what, finding.figures, finding.holds)


def _served(built: Stage, worker: str) -> tuple[Service, str]:
    """Start a service with one worker of this class, and a session with seven megabytes of events."""
    service = built.serve(f"--worker-class {worker}", WEB_CONCURRENCY=1)
    client = Remote(service.port)
    path = f"/api/sessions/{client.new_session()}/events"
    for _ in range(8):
        assert client.post(path, EVENT).status_code == 201
    client.close()
    return service, path


def _left_behind(service: Service, name: str, deed: Callable[[Service, bytes], None], stream: bytes) -> Finding:
    files = descriptors(service)
    _, seconds = timed(lambda: deed(service, stream))
    wait_until(lambda: held(service) == 0, 40)
    answered = service.request("GET", "/livez").status_code
    wait_until(lambda: held(service) == 0)
    left = {what: count for what, count in held_by(service).items() if count}
    more = descriptors(service) - files
    figures = f"{seconds:.1f} s, left behind: {left or 'nothing'}, {more} more open files, /livez {answered}"
    return Finding(name, figures, not left and more < FEW_FILES and answered == 200)


def _stopped(service: Service, stream: bytes) -> Finding:
    """Stop the service while ten clients do not read and one reads slowly."""
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            stalled = stack.enter_context(_connected(service, stream, 4096))
            stalled.recv(1)
        reader = stack.enter_context(_connected(service, stream))
        reader.recv(1)
        service.process.send_signal(signal.SIGTERM)
        received = bytearray()
        while part := reader.recv(MEBIBYTE):
            received += part
        code, seconds = timed(lambda: service.process.wait(30))
    whole = received.endswith(b"0\r\n\r\n")
    figures = f"the reader's answer {'complete' if whole else 'cut off'}, exit code {code} {seconds:.0f} s later"
    return Finding("a stop while answers are being sent", figures, whole and code == 0)


def come_and_go(service: Service, _: bytes) -> None:
    for number in range(10_000):
        with _connected(service, (b"", b"GET /li", LIVEZ)[number % 3]) as connection:
            if number % 2:
                _reset(connection)


def reset_amid(service: Service, stream: bytes) -> None:
    for _ in range(60):
        with _connected(service, stream, 4096) as connection:
            connection.recv(1000)
            _reset(connection)


def close_half(service: Service, stream: bytes) -> None:
    """Shut down sending; every second client then reads the whole answer."""
    for number in range(20):
        with _connected(service, stream) as connection:
            connection.shutdown(socket.SHUT_WR)
            while number % 2 and connection.recv(MEBIBYTE):
                pass


def break_off(service: Service, _: bytes) -> None:
    chance = random.Random(16)
    for number in range(300):
        with _connected(service, UPLOAD + b" " * chance.choice([0, 10, 70_000, 500_000])) as connection:
            if number % 2:
                _reset(connection)


def pour(service: Service, stream: bytes) -> None:
    """Send thousands of requests for a megabyte on each of 20 connections, and read nothing."""
    one = stream.replace(b"Connection: close\r\n", b"").replace(b"Accept: application/x-ndjson\r\n", b"")

    def one_client() -> None:
        with _connected(service, room=4096) as connection, contextlib.suppress(OSError):
            connection.settimeout(2)
            for _ in range(2000):
                connection.sendall(one.replace(b"/events ", b"/events?limit=1 ") * 20)

    threads = [threading.Thread(target=one_client) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def pipeline(service: Service, _: bytes) -> None:
    """Send 3 000 requests at once, and read all answers."""
    with _connected(service) as connection:
        sent = LIVEZ.replace(b"Connection: close\r\n", b"") * 3000
        sender = threading.Thread(target=connection.sendall, args=(sent,))
        sender.start()
        missing = 3000
        while missing and (part := connection.recv(MEBIBYTE)):
            missing -= part.count(b'"alive"')
        sender.join()


DEEDS = {
    "10 000 short connections, half of them reset": come_and_go,
    "60 connections reset in the middle of a 7 MB answer": reset_amid,
    "20 clients that shut down sending before the answer": close_half,
    "300 interrupted uploads": break_off,
    "20 clients that send requests and read nothing": pour,
    "3 000 pipelined requests": pipeline,
}


def _connected(service: Service, sent: bytes = b"", room: int | None = None) -> socket.socket:
    connection = socket.socket()
    connection.settimeout(20)
    if room:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    connection.connect(("127.0.0.1", service.port))
    with contextlib.suppress(OSError):  # it may be refused before all is sent
        connection.sendall(sent)
    return connection


def _reset(connection: socket.socket) -> None:
    """Have the system send a reset when it is closed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
