"""Clients that read slowly while others ask: no thread waits for them, and no memory grows with them."""

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.battery.finding import Finding, control
from tests.battery.stage import Remote, stage
from tests.gunicorn_worker.test_hostile_http import request
from tests.service import Service

SLOW, PROBES, PROBERS = 40, 200, 20
BYTES_A_SECOND = 20_000  # faster than the least rate, so that they may stay
WITHIN_SECONDS = 1
BUNDLE = request(b"GET /docs/swagger-ui-bundle.js HTTP/1.1")
EVENT = {"type": "t", "timestamp": "2026-03-01T10:00:00Z", "data": {"a": "a" * 900_000}}


def experiments() -> Iterator[Finding]:
    """Ask 200 times beside 40 slow readers of the largest static file and 40 of a long stream; then as one alone."""
    with stage() as built:
        service = built.serve(WEB_CONCURRENCY=1)
        client = Remote(service.port)
        path = f"/api/sessions/{client.new_session()}/events"
        for _ in range(12):
            assert client.post(path, EVENT).status_code == 201
        client.close()
        stream = request(f"GET {path} HTTP/1.1".encode(), b"Accept: application/x-ndjson")
        alone = probed(service)
        with slow_readers(service, [BUNDLE, stream] * SLOW):
            beside = probed(service)
        yield Finding(f"{2 * SLOW} slow readers", _told(beside, alone), _in_time(beside) >= 0.99)
        own = built.serve("--worker-class gthread", WEB_CONCURRENCY=1)
        with slow_readers(own, [BUNDLE, stream] * SLOW):
            beside = probed(own, 5)
        yield control("the same, gunicorn’s own worker", _told(beside, alone), _in_time(beside) >= 0.99)


def _in_time(took: list[float]) -> float:
    return sum(seconds <= WITHIN_SECONDS for seconds in took) / len(took)


def _told(took: list[float], alone: list[float]) -> str:
    return (
        f"{_in_time(took):.1%} of {len(took)} others answered within {WITHIN_SECONDS} s,"
        f" the slowest in {max(took):.2f} s; without them in {max(alone):.2f} s"
    )


def probed(service: Service, count: int = PROBES) -> list[float]:
    """Ask for something small as often as this, from several clients, each time on a new connection; how long it took.

    Several, so that a moment in which nobody is answered counts for more than one request.
    """
    with ThreadPoolExecutor(min(count, PROBERS)) as clients:
        return list(clients.map(partial(_probe, service), range(count)))


def _probe(service: Service, number: int) -> float:
    started = time.monotonic()
    try:
        answer = service.request("GET", "/livez" if number % 2 else "/api")
    except OSError:
        return float("inf")
    return time.monotonic() - started if answer.status_code == 200 else float("inf")


@contextlib.contextmanager
def slow_readers(service: Service, sent: list[bytes]) -> Iterator[None]:
    """Have clients ask for these, each on a connection of its own, and read at a slow rate."""
    readers, over = selectors.DefaultSelector(), threading.Event()
    connections = []
    for each in sent:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", service.port))
        connection.sendall(each)
        connection.setblocking(False)
        readers.register(connection, selectors.EVENT_READ, connection.recv)
        connections.append(connection)

    def read() -> None:
        while not over.wait(0.1):
            for key, _ in readers.select(0):
                with contextlib.suppress(OSError):
                    key.data(BYTES_A_SECOND // 10)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for connection in connections:
            connection.close()
