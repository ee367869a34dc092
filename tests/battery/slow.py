"""Clients that stop in the middle: half a request, or half an answer."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from tests.battery.finding import Finding, control
from tests.battery.stage import Remote, stage
from tests.gunicorn_worker.test_hostile_http import request
from tests.gunicorn_worker.test_worker import HALVES, connected, held
from tests.service import Service, wait_until

HALF_SENT = 200
OTHERS, OTHER_CLIENTS = 400, 8
ENOUGH_SECONDS = 10
STALLED = 9  # as many as there are threads
STALL_SECONDS = 30
OWN_CLASS = "--worker-class gthread"


def experiments() -> Iterator[Finding]:
    """Hold half-sent requests open beside others, under our worker and under gunicorn's own."""
    with stage() as built:
        for arguments, make, others in (("", Finding, OTHERS), (OWN_CLASS, control, 16)):
            service = built.serve(arguments, WEB_CONCURRENCY=2)
            part, slowest = answered_beside_half_sent(service, others)
            what = f"{HALF_SENT} half-sent requests held open{', gunicorn’s own worker' if arguments else ''}"
            slowly = f"the slowest in {slowest:.1f} s" if part == 1 else "the others not at all"
            figures = f"{part:.1%} of {others} others answered within {ENOUGH_SECONDS} s, {slowly}"
            yield make(what, figures, part >= 0.99)
        both = {make: built.serve(own, WEB_CONCURRENCY=1) for own, make in (("", Finding), (OWN_CLASS, control))}
        with ThreadPoolExecutor(len(both)) as threads:
            held_for = list(threads.map(until_stalled_readers_are_gone, both.values()))
        for make, seconds in zip(both, held_for, strict=True):
            what = f"{STALLED} clients that stop reading{', gunicorn’s own worker' if make is control else ''}"
            holds = seconds < STALL_SECONDS + 5
            yield make(what, f"dropped after {seconds:.0f} s" if holds else f"still held after {seconds:.0f} s", holds)


def answered_beside_half_sent(service: Service, others: int) -> tuple[float, float]:
    """Say which part of the other requests was answered in time, and how long the slowest took."""
    took: list[float] = []

    def ask(count: int) -> None:
        client = Remote(service.port, timeout=ENOUGH_SECONDS)
        for _ in range(count):
            started = time.monotonic()
            try:
                answer = client.post("/api/sessions", {"title": "x"})
                took.append(time.monotonic() - started if answer.status_code == 201 else float("inf"))
            except OSError:
                took.append(float("inf"))
        client.close()

    halves = list(HALVES.values())
    with ExitStack() as stack:
        for number in range(HALF_SENT):
            stack.enter_context(connected(service, halves[1 + number % (len(halves) - 1)]))
        threads = [threading.Thread(target=ask, args=(others // OTHER_CLIENTS,)) for _ in range(OTHER_CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return sum(seconds <= ENOUGH_SECONDS for seconds in took) / len(took), max(took)


def until_stalled_readers_are_gone(service: Service) -> float:
    """Stop reading a long answer on as many connections as there are threads; how long they hold the service."""
    client = Remote(service.port)
    path = f"/api/sessions/{client.new_session()}"
    event = {"type": "t", "timestamp": "2026-03-01T10:00:00Z", "data": {"a": "a" * 1_000_000}}
    for _ in range(12):
        assert client.post(f"{path}/events", event).status_code == 201
    client.close()
    wait_until(lambda: held(service) == 0)
    with ExitStack() as stack:
        for _ in range(STALLED):
            reader = stack.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(("127.0.0.1", service.port))
            reader.sendall(request(f"GET {path} HTTP/1.1".encode()))
            assert reader.recv(1)
        started = time.monotonic()
        while held(service) and time.monotonic() - started < STALL_SECONDS + 6:
            time.sleep(0.1)
        return time.monotonic() - started
