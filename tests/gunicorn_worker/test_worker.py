"""Clients that send half a request, read half an answer or stay idle: nobody else waits for them."""

import contextlib
import http.client
import json
import os
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.answers import check_problem
from tests.counted_worker import descriptors, held_by
from tests.gunicorn_worker.test_hostile_http import BODY, HEAD, JSON, TOKEN, chunk, chunked, lengthy, read, request
from tests.service import Service, mint, on_linux, serve, wait_until

pytestmark = pytest.mark.processes

KEEPING = b"POST /api/sessions HTTP/1.1\r\nHost: localhost\r\n" + TOKEN + JSON
WHOLE = KEEPING + b"Content-Length: 13\r\n\r\n" + BODY
LIVEZ = request(b"GET /livez HTTP/1.1")

HALVES = {
    "nothing": b"",
    "half a line": b"GET /api/sess",
    "half a head": b"POST /api/sessions HTTP/1.1\r\nHost: x\r\nX-A: b\r\n",
    "a head without its body": lengthy(b"13", b""),
    "half a body": lengthy(b"1000000", b" " * 1000),
    "half a chunk": chunked(b"ff\r\n{"),
    "chunks without the last": chunked(chunk(BODY)),
    "a head that waits to be told to continue": HEAD + b"Expect: 100-continue\r\nContent-Length: 13\r\n\r\n",
}


@pytest.fixture(scope="module")
def start(embedded, tmp_path_factory) -> Iterator[Callable]:
    """Start services with these gunicorn arguments."""
    with ExitStack() as stack:
        uri, directory = embedded.uri.replace("/videosession?", "/worker?"), tmp_path_factory.mktemp("worker")

        def starting(arguments: str = "", **settings) -> Service:
            running = serve(directory, uri, arguments, **{"WEB_CONCURRENCY": 1} | settings)
            stack.callback(running.stop)
            return running

        yield starting


@pytest.fixture(scope="module")
def impatient(start) -> Service:
    """The service with few connections, and deadlines short enough for a test."""
    return start("--worker-class tests.impatient_worker.Worker --worker-connections 40")


@contextlib.contextmanager
def connected(service: Service, sent: bytes = b"") -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(sent)
        yield connection


def rest(connection: socket.socket) -> bytes:
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


def held(service: Service) -> int:
    """Count the open client connections of the service's processes."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(line[1].endswith(f":{service.port:04X}") and line[3] != "0A" and line[9] != "0" for line in lines)


def statuses(received: bytes) -> list[bytes]:
    return [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]


def test_two_hundred_half_sent_requests_do_not_delay_others(service):
    with ExitStack() as stack:
        for half in list(HALVES.values()) * 25:
            stack.enter_context(connected(service, half))
        started = time.monotonic()
        for _ in range(50):
            assert service.request("POST", "/api/sessions", {"title": "x"}, mint()).status_code == 201
        assert time.monotonic() - started < 10


def test_more_half_sent_requests_than_connections_do_not_delay_others(impatient):
    with ExitStack() as stack:
        for half in list(HALVES.values()) * 10:
            stack.enter_context(connected(impatient, half))
        for _ in range(20):
            assert impatient.request("GET", "/livez").status_code == 200


def test_a_request_that_does_not_arrive_in_time_gets_408_or_its_other_error(impatient):
    late = HALVES | {"half a body without a token": lengthy(b"13", b"", HEAD.replace(TOKEN, b""))}
    del late["nothing"]
    with ExitStack() as stack:
        connections = {name: stack.enter_context(connected(impatient, half)) for name, half in late.items()}
        for name, connection in connections.items():
            answer = read(rest(connection).removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n"))
            document = check_problem(answer, 401 if "token" in name else 408)
            assert "token" in name or "in time" in document["detail"] or "within" in document["detail"]


def test_an_idle_connection_is_not_closed_by_the_request_deadline(impatient):
    with connected(impatient) as connection:
        time.sleep(0.6)  # longer than a head may take once it has begun
        connection.sendall(LIVEZ)
        assert statuses(rest(connection)) == [b"200"]


def test_a_body_that_keeps_arriving_may_take_longer_than_the_deadline(impatient):
    body = BODY.ljust(200_000)
    with connected(impatient, lengthy(b"200000", b"")) as connection:
        for start in range(0, len(body), 20_000):
            connection.sendall(body[start : start + 20_000])
            time.sleep(0.15)
        assert statuses(rest(connection)) == [b"201"]


def test_a_client_that_does_not_read_its_answer_is_dropped_after_the_stall_limit(impatient):
    token = mint()
    made = impatient.request("POST", "/api/sessions", {"title": "x"}, token).json["id"]
    path = f"/api/sessions/{made}"
    event = {"type": "t", "timestamp": "2026-03-01T10:00:00Z", "data": {"a": "a" * 1_000_000}}
    for _ in range(12):
        assert impatient.request("POST", f"{path}/events", event, token).status_code == 201
    with ExitStack() as stack:
        readers = []
        for _ in range(9):  # as many as there are threads
            reader = stack.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(("127.0.0.1", impatient.port))
            reader.sendall(request(f"GET {path} HTTP/1.1".encode()))
            readers.append(reader)
        for reader in readers:
            assert reader.recv(1)
        assert impatient.request("GET", "/livez").status_code == 200
        wait_until(lambda: held(impatient) == 0)
        with contextlib.suppress(ConnectionError):
            assert not rest(readers[0]).endswith(b"0\r\n\r\n"), "a broken answer looks whole"
    assert "Traceback" not in impatient.log.read_text()


@on_linux
def test_disconnected_clients_leave_no_connections_bytes_or_tasks(impatient):
    """The battery's `connections` does more of this."""
    files = descriptors(impatient)
    for half in (*HALVES.values(), lengthy(b"1000000", b" " * 900_000), LIVEZ, LIVEZ * 3, WHOLE * 20):
        for reset in (False, True):
            with connected(impatient, half) as connection:
                if reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(lambda: held(impatient) == 0)
    wait_until(lambda: not any(held_by(impatient).values()))
    assert descriptors(impatient) - files < 8


def test_a_client_that_leaves_its_end_open_does_not_block_the_loop(service):
    started = time.monotonic()
    with ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(connected(service, LIVEZ))
            assert connection.recv(1)
        assert service.request("GET", "/livez").status_code == 200
        assert time.monotonic() - started < 20


def test_a_client_that_expects_100_continue_gets_it_once(service):
    with connected(service, HEAD + b"Expect: 100-continue\r\nContent-Length: 13\r\n\r\n") as connection:
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        assert statuses(rest(connection)) == [b"201"]


def test_pipelined_requests_on_one_connection_are_all_answered(service):
    for sent in ([WHOLE + WHOLE + LIVEZ], [WHOLE[:50], WHOLE[50:] + WHOLE[:100], WHOLE[100:], LIVEZ]):
        with connected(service) as connection:
            for part in sent:
                connection.sendall(part)
                time.sleep(0.05)
            assert statuses(rest(connection)) == [b"201", b"201", b"200"]


def test_malformed_http_is_rejected_with_a_problem_document(service):
    answer = read(service.raw(request(b"GET /api sessions HTTP/1.1"), shut=True))
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert answer.json["status"] == 400


def test_too_large_headers_are_rejected_with_431(service):
    with connected(service) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\n" + b"X-A: aaaaaaaaaaaaaaaa\r\n" * 2000)
        assert statuses(rest(connection)) == [b"431"]


def test_a_stopping_service_answers_running_requests_and_then_exits(start):
    service = start()
    with connected(service, WHOLE[:-5]) as half, connected(service) as silent:
        idle = http.client.HTTPConnection("127.0.0.1", service.port)
        idle.request("GET", "/livez")
        idle.getresponse().read()
        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: _refuses(service))
        half.sendall(WHOLE[-5:])
        assert statuses(rest(half)) == [b"201"]
        assert rest(silent) == b""
        idle.close()
    assert service.process.wait(10) == 0


def test_a_reload_loses_no_request(start):
    service, token = start(WEB_CONCURRENCY=2), mint()
    workers = set(service.worker_pids())
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)) as connection:
        for _ in range(2):
            service.process.send_signal(signal.SIGHUP)
            for _ in range(60):
                connection.request("POST", "/api/sessions", json.dumps({"title": "x"}), headers)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 201
    wait_until(lambda: workers.isdisjoint(service.worker_pids()))


def _refuses(service: Service) -> bool:
    try:
        socket.create_connection(("127.0.0.1", service.port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_stopping_service_answers_connections_that_the_system_has_accepted(start):
    service = start()
    [worker] = service.worker_pids()
    os.kill(worker, signal.SIGSTOP)
    with ExitStack() as stack:
        waiting = [stack.enter_context(connected(service, WHOLE)) for _ in range(20)]
        service.process.send_signal(signal.SIGTERM)
        os.kill(worker, signal.SIGCONT)
        assert [statuses(rest(connection)) for connection in waiting] == [[b"201"]] * 20
    assert service.process.wait(20) == 0
