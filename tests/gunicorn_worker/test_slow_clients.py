"""Clients that read slowly or hold resources: others are answered meanwhile, and memory stays bounded.

The battery's `readers` measures it, beside gunicorn's own worker.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.counted_worker import held_by, memory
from tests.gunicorn_worker.test_hostile_http import HEAD, TOKEN, request
from tests.gunicorn_worker.test_worker import connected, held, rest, statuses
from tests.service import Service, mint, on_linux, serve, wait_until

BUNDLE = request(b"GET /docs/swagger-ui-bundle.js HTTP/1.1")
LINES = HEAD.replace(b"/json", b"/x-ndjson")
MIB = 1024 * 1024

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def start(embedded, tmp_path_factory) -> Iterator[Callable]:
    """Start services with one worker and these gunicorn arguments."""
    with ExitStack() as stack:
        uri, directory = embedded.uri.replace("/videosession?", "/slow?"), tmp_path_factory.mktemp("slow")

        def starting(arguments: str = "", **settings) -> Service:
            return stack.enter_context(serve(directory, uri, arguments, WEB_CONCURRENCY=1, **settings))

        yield starting


@pytest.fixture(scope="module")
def single(start) -> Service:
    return start()


@pytest.fixture(scope="module")
def long_session(single) -> bytes:
    """A session with twelve megabytes of events."""
    token = mint()
    path = f"/api/sessions/{single.request('POST', '/api/sessions', {'title': 'x'}, token).json['id']}/events"
    event = {"type": "t", "timestamp": "2026-03-01T10:00:00Z", "data": {"a": "a" * 1_000_000}}
    for _ in range(12):
        assert single.request("POST", path, event, token).status_code == 201
    return request(f"GET {path} HTTP/1.1".encode(), b"Accept: application/x-ndjson")


@contextmanager
def slow_readers(service: Service, sent: bytes, count: int) -> Iterator[list[socket.socket]]:
    """Yield connections that sent a request and read the first byte of the answer."""
    with ExitStack() as stack:
        readers = []
        for _ in range(count):
            reader = stack.enter_context(socket.socket())
            reader.settimeout(15)
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(("127.0.0.1", service.port))
            reader.sendall(sent)
            readers.append(reader)
        yield readers


def test_more_slow_readers_than_threads_do_not_delay_others(single, long_session):
    with slow_readers(single, BUNDLE, 20) as files, slow_readers(single, long_session, 20) as streams:
        for reader in files + streams:
            assert reader.recv(1)
        for _ in range(50):
            assert single.request("GET", "/livez").status_code == 200


@on_linux
def test_an_answer_that_waits_for_its_reader_arrives_complete(start, long_session):
    service = start("--worker-class tests.counted_worker.Worker")
    expected = service.raw(long_session).partition(b"\r\n\r\n")[2]
    with slow_readers(service, long_session.replace(b"\r\n", b"\r\nConnection: close\r\n", 1), 1) as [reader]:
        wait_until(lambda: held_by(service)["outgoing"] > 0)
        assert rest(reader).partition(b"\r\n\r\n")[2] == expected


@on_linux
def test_bodies_of_unauthenticated_requests_are_not_kept(single):
    before = memory(single)
    with ExitStack() as stack:
        for _ in range(60):
            connection = stack.enter_context(connected(single, LINES.replace(TOKEN, b"") + length(8 * MIB)))
            assert connection.recv(12) == b"HTTP/1.1 401"
        assert memory(single) - before < 32 * MIB


@on_linux
def test_the_total_size_of_incoming_bodies_is_bounded(start):
    service = start()
    before = memory(service)
    with ExitStack() as stack:
        uploads = [stack.enter_context(connected(service, LINES + length(8 * MIB))) for _ in range(30)]
        senders = [threading.Thread(target=pour, args=(each, 7 * MIB)) for each in uploads]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        assert service.request("GET", "/livez").status_code == 200
        assert memory(service) - before < 120 * MIB
        answered = [each for each in uploads if is_answered(each)]
        assert answered
        assert statuses(rest(answered[0])) == [b"503"]


def is_answered(connection: socket.socket) -> bool:
    connection.settimeout(0.5)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b"H"
    except OSError:
        return False


def pour(connection: socket.socket, count: int) -> None:
    try:
        for _ in range(count // 65536):
            connection.sendall(b" " * 65536)
    except OSError:  # it was refused
        pass


def test_idle_connections_are_closed_to_make_room_but_running_uploads_are_not(start):
    service = start("--worker-connections 40")
    body = b'{"title":"x"}'.ljust(400_000)
    with ExitStack() as stack:
        upload = stack.enter_context(connected(service, HEAD + length(len(body))))
        for begin in range(0, len(body), 20_000):
            upload.sendall(body[begin : begin + 20_000])
            for _ in range(10):
                stack.enter_context(connected(service))
        assert statuses(rest(upload)) == [b"201"]
    wait_until(lambda: held(service) == 0)


WAYS_TO_WRITE = [
    b"Bearer a.b.c",
    b"bearer a.b.c",
    b"BEARER   a.b.c",
    b"\tBearer a.b.c ",
    *(b"Bearer a.b." + signature for signature in (b"d", b"c!", b"!c", b"c=", b"c-", b"")),
]


@pytest.mark.parametrize("ways", [WAYS_TO_WRITE, WAYS_TO_WRITE[:1]], ids=["one token in many ways", "one token"])
def test_more_requests_of_one_token_than_connections_do_not_delay_other_clients(start, ways):
    service = start("--worker-connections 40", application="tests.held_up:app")
    with ExitStack() as stack:
        held_up = []
        for number in range(100):
            head = b"GET /held HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: "
            held_up.append(stack.enter_context(connected(service, head + ways[number % len(ways)] + b"\r\n\r\n")))
        for _ in range(30):
            assert service.request("GET", "/livez").status_code == 200
        service.request("GET", "/go")
        answers = [statuses(rest(each)) for each in held_up]
        assert answers.count([b"200"]) + answers.count([b"503"]) == 100
        assert 40 > answers.count([b"200"]) > 8


def length(count: int) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % count
