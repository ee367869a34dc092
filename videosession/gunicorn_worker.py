"""gunicorn's threaded worker, with no thread for a client that makes it wait.

gthread reads a request in a thread, for as long as that takes: as many half-sent requests as there are threads stop it
for ever. It also closes connections in its only loop, two seconds each where a client leaves its end open. Here the
loop receives requests and lets go of connections, and a thread gets a request that is all there:

    waiting ── the whole request ──> a thread ── keep-alive ──> waiting
       │ too late: 408                  └─ the last answer ──> lingering, until the client has closed or two seconds

So what can be held open is bounded by `worker_connections`, not by `threads`; where they are all taken, the one that
has kept the service waiting longest makes room. Answers are written by the thread, in pieces, each with a deadline.
"""

import contextlib
import ctypes
import errno
import json
import logging
import secrets
import selectors
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import gunicorn
from gunicorn.http.errors import (
    ConfigurationProblem,
    ExpectationFailed,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from videosession import problems
from videosession.arrival import LARGEST_HEAD, MEBIBYTE, Arrival

log = logging.getLogger(__name__)

READ_AGAINST = "27.0.1"  # this worker relies on gunicorn's internals, which differ between versions
if gunicorn.__version__ != READ_AGAINST:
    log.warning(
        "This worker was written for gunicorn %s, and %s is installed: install %s, or test reloads and slow clients.",
        READ_AGAINST,
        gunicorn.__version__,
        READ_AGAINST,
    )

HEAD_SECONDS = 10
BODY_SECONDS = 10
SLOWEST_BYTES_A_SECOND = 32 * 1024  # each so many bytes of a body that came earn it a second more
STALL_SECONDS = 28  # for a client to read a piece of an answer; with LINGER_SECONDS it is let go after 30
PIECE = 64 * 1024
LINGER_SECONDS = 2
STOP_SECONDS = 10  # for what is arriving when the worker is told to stop
MOST_LINGERING = 32 * MEBIBYTE  # what is thrown away of a body that nobody wants, so that its sender sees the answer
MOST_UNFINISHED = 64 * MEBIBYTE  # of all unfinished requests together, in each worker

if TYPE_CHECKING:
    from typing_extensions import Buffer  # in the standard library from Python 3.12 on

_system = ctypes.PyDLL(None)  # whose calls keep Python's lock
_STATUSES = {LimitRequestLine: 414, ExpectationFailed: 417, LimitRequestHeaders: 431}  # of what is no HTTP; else 400
_MISTAKES = (ConfigurationProblem, InvalidResponseHeader, InvalidResponseHeaderName)  # not the client's


class ClientSocket(socket.socket):
    """A client's socket: gives what was received already and never waits for more; sends with a deadline.

    `ending` is what comes after what was received: nothing, at the end of the stream, or an exception.
    """

    def __init__(self, accepted: socket.socket):
        super().__init__(fileno=accepted.detach())
        self.received = bytearray()
        self.ending: Exception | None = TimeoutError("it did not arrive in time")

    def receive(self) -> int:
        """Take what is there from the network; how many bytes, 0 at the end of the stream."""
        part = super().recv(PIECE)
        self.received += part
        return len(part)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Give what was received, to gunicorn's parser."""
        part = bytes(self.received[:size])
        del self.received[:size]
        if not part and self.ending:
            raise self.ending
        return part

    def sendall(self, content: "Buffer", flags: int = 0) -> None:
        """Send in pieces: the deadline is for each, so that a long answer may last and a stalled client may not."""
        pieces = memoryview(content)
        try:
            for start in range(0, len(pieces), PIECE):
                super().sendall(pieces[start : start + PIECE], flags)
        except TimeoutError:
            raise BrokenPipeError(errno.EPIPE, f"the client read nothing for {STALL_SECONDS} s") from None

    def setblocking(self, flag: bool) -> None:
        """Wait never, or where gunicorn would for ever, for so long."""
        self.settimeout(STALL_SECONDS if flag else 0)


class Connection(TConn):
    """A client's connection, and the request that arrives on it."""

    def __init__(self, config, accepted: socket.socket, client, server):
        super().__init__(config, ClientSocket(accepted), client, server)
        self.data_ready = True  # for gunicorn, which would wait for it in a thread
        self.began: float | None = None
        self.is_lingering = False
        self.discarded = 0
        self.told_to_continue = False
        self.arrival = Arrival(self.sock.received)

    def expect_another(self) -> None:
        """Begin with the next request, of which the parser may have read some already."""
        self.sock.received[:0] = self.parser.unreader.take_buffered()
        self.arrival = Arrival(self.sock.received)
        self.began = None
        self.told_to_continue = False

    @property
    def is_idle(self) -> bool:
        return not self.sock.received

    def deadline(self, now: float) -> float:
        """Say until when the request may arrive."""
        if self.is_idle:
            return now + self.cfg.keepalive
        self.began = self.began or now
        if not self.arrival.head_size:
            return self.began + HEAD_SECONDS
        return self.began + HEAD_SECONDS + BODY_SECONDS + len(self.sock.received) / SLOWEST_BYTES_A_SECOND


class Worker(ThreadWorker):
    """Receives in the loop, answers in threads."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._waiting: dict[Connection, None] = {}  # in the order in which they began to wait
        self._idle_until: float | None = None
        self._swept_at = 0.0

    def accept(self, listener: socket.socket) -> bool:
        """Take a new connection, and wait for its request; whether there was one."""
        try:
            accepted, client = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room()
            return False
        self._admit(accepted, client, listener.getsockname())
        return True

    def _admit(self, accepted: socket.socket, client, server) -> None:
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        self._wait(Connection(self.cfg, accepted, client, server))

    def finish_request(self, conn: Connection, fs: Future) -> None:
        """Go on where a thread has answered: wait for the next request, or let go."""
        try:
            keep = not fs.cancelled() and fs.result()
            if keep:
                conn.expect_another()
        except Exception:
            keep = False
            self.log.exception("a connection failed")
        if keep and not conn.is_idle and conn.arrival.is_whole():
            self.enqueue_req(conn)
        elif keep:
            self._wait(conn)
        else:
            self._linger(conn)

    def handle_request(self, req, conn: Connection) -> bool:
        """Answer; gunicorn would tell the client to continue with a body that is here already."""
        if conn.told_to_continue:
            req._expected_100_continue = False
        return super().handle_request(req, conn)

    def handle_error(self, req, client: ClientSocket, addr, exc: Exception) -> None:
        """Refuse what is no proper HTTP in the form of all other refusals.

        gunicorn would log the client's address, and of the request what could not be read: a query, or a token.
        """
        client.setblocking(False)
        if isinstance(exc, ParseException) and not isinstance(exc, _MISTAKES):
            self._refuse(client, _STATUSES.get(type(exc), 400), f"The request is not valid HTTP. {exc}".rstrip())
        else:
            self.log.error("internal error in the server", exc_info=exc)
            self._refuse(client, 500, "Internal error. The log has it under this request id.")

    def _refuse(self, client: ClientSocket, status: int, detail: str) -> None:
        """Answer without the service."""
        request_id = secrets.token_hex(8)
        self.log.warning("request %s is answered %d without the service", request_id, status)
        with contextlib.suppress(OSError):
            client.sendall(_problem(status, detail, request_id))

    def murder_keepalived(self, force: bool = False) -> None:
        """End what has waited long enough, or at the worker's end everything."""
        now = time.monotonic()
        if now - self._swept_at < 0.25 and not force:
            return
        self._swept_at = now
        for conn in [each for each in self._waiting if force or each.timeout <= now]:
            (self._drop if force else self._give_up)(conn)

    def murder_pending(self) -> None:
        """Do nothing: what is pending waits like everything else."""

    def _cap_keepalive(self, deadline: float) -> None:
        """Begin to stop: take what the system accepted already, no more, and hurry the rest."""
        self._idle_until = deadline
        for listener in self.sockets:
            self._close_when_nobody_waits(listener)
        for conn in self._waiting:
            conn.timeout = min(conn.timeout, deadline if conn.is_idle else time.monotonic() + STOP_SECONDS)

    def _close_when_nobody_waits(self, listener: socket.socket) -> None:
        """Close it between two connections: the system resets those that it took and nobody accepted.

        Python would let other threads run between its last look and the end, for milliseconds; these calls do not.
        """
        server, number = listener.getsockname(), listener.detach()
        while (accepted := _system.accept(number, None, None)) >= 0:
            with contextlib.suppress(OSError):  # it may be gone again
                connection = socket.socket(fileno=accepted)
                self._admit(connection, connection.getpeername(), server)
        _system.close(number)

    def _wait(self, conn: Connection) -> None:
        conn.sock.setblocking(False)
        conn.timeout = conn.deadline(time.monotonic())
        if conn.is_idle and not self.alive:
            conn.timeout = min(conn.timeout, self._idle_until or time.monotonic() + STOP_KEEPALIVE_LINGER)
        self._watch(conn, self._receive)

    def _watch(self, conn: Connection, react: Callable[[Connection], None]) -> None:
        self._waiting[conn] = None
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._react, react, conn))

    def _react(self, react: Callable[[Connection], None], conn: Connection, _) -> None:
        if conn in self._waiting:  # another event of the same moment may have ended it
            react(conn)

    def _unwatch(self, conn: Connection) -> None:
        del self._waiting[conn]
        self.poller.unregister(conn.sock)

    def _receive(self, conn: Connection) -> None:
        try:
            count = conn.sock.receive()
        except BlockingIOError:
            return
        except OSError:
            self._drop(conn)
            return
        if count == 0:
            self._end(conn)
        elif conn.arrival.is_whole():
            if not conn.arrival.head_size:
                conn.sock.ending = LimitRequestHeaders(f"The head is larger than {LARGEST_HEAD} bytes.")
            self._begin(conn)
        else:
            self._wait_for_the_rest(conn)

    def _wait_for_the_rest(self, conn: Connection) -> None:
        conn.timeout = conn.deadline(time.monotonic())
        if conn.arrival.expects_continue and not conn.told_to_continue:
            conn.told_to_continue = True
            with contextlib.suppress(OSError):
                conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if len(conn.sock.received) > PIECE:
            unfinished = [each for each in self._waiting if len(each.sock.received) > PIECE]
            if sum(len(each.sock.received) for each in unfinished) > MOST_UNFINISHED:
                self._give_up(unfinished[0])

    def _end(self, conn: Connection) -> None:
        """Go on where the client has said all that it will say."""
        if conn.is_idle:
            self._drop(conn)
        else:
            conn.sock.ending = None
            self._begin(conn)

    def _begin(self, conn: Connection) -> None:
        self._unwatch(conn)
        self.enqueue_req(conn)

    def _give_up(self, conn: Connection) -> None:
        """Tell a client that its request came too late; one that said nothing needs no answer."""
        if conn.is_lingering or conn.is_idle:
            self._drop(conn)
        elif conn.arrival.head_size:
            self._begin(conn)  # the body ends in a TimeoutError, which the service answers
        else:
            self._unwatch(conn)
            self._refuse(conn.sock, 408, f"The head of the request did not arrive within {HEAD_SECONDS} seconds.")
            self._linger(conn)

    def _make_room(self) -> None:
        """Close a connection: one that lingers, or else the one that has been waited for longest."""
        if self._waiting:
            self._drop(min(self._waiting, key=lambda conn: not conn.is_lingering))

    def _linger(self, conn: Connection) -> None:
        """Let the client close first: closing at once could take the answer from it (RFC 9112, 9.6)."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:  # it is gone
            self.nr_conns -= 1
            conn.close()
            return
        conn.is_lingering = True
        conn.timeout = time.monotonic() + LINGER_SECONDS
        self._watch(conn, self._discard)

    def _discard(self, conn: Connection) -> None:
        conn.sock.received.clear()
        with contextlib.suppress(BlockingIOError):
            try:
                count = conn.sock.receive()
            except ConnectionError:
                count = 0
            conn.discarded += count
            if count == 0 or conn.discarded > MOST_LINGERING:
                self._drop(conn)

    def _drop(self, conn: Connection) -> None:
        self._unwatch(conn)
        self.nr_conns -= 1
        conn.close()


def _problem(status: int, detail: str, request_id: str) -> bytes:
    """Write an answer where the service itself was not reached (RFC 9457)."""
    body = json.dumps(problems.document(status, detail, request_id)).encode()
    headers = {
        "Connection": "close",
        "Content-Type": problems.PROBLEM_JSON,
        "Content-Length": len(body),
        "X-Content-Type-Options": "nosniff",
        "X-Request-Id": request_id,
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
