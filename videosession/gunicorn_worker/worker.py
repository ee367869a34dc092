"""A variant of gunicorn's threaded worker in which no thread waits for a client.

gthread reads a request in a thread, however long that takes, so as many incomplete requests as there are threads block
it for ever. It also closes connections in its only loop, which takes two seconds for each client that keeps its end
open. Here the loop receives requests and closes connections, and threads get only complete requests:

    waiting ── the whole request ──> a thread ── keep-alive ──> waiting
       │ too late: 408                  ├─ the last answer ──> lingering, until the client has closed or two seconds
       │ no token: at its head          └─ a part of it ──> sending, until it is taken ──> a thread, for the rest

The threads are shared fairly (turns.py), so a client with many expensive requests or long answers delays only itself.
Open connections are bounded by `worker_connections`, not by `threads`. When they are used up, silent ones are closed
first, then slow ones, but none that is faster than the minimum rate. The memory of each worker is bounded, too, for
requests that are not answered yet and for answers that are not read yet.
"""

import contextlib
import ctypes
import errno
import logging
import selectors
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from typing import Any

import gunicorn
from gunicorn.http import wsgi
from gunicorn.http.errors import LimitRequestHeaders, ParseException
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from videosession.gunicorn_worker.answers import Answer
from videosession.gunicorn_worker.arrival import LARGEST_HEAD, MEBIBYTE
from videosession.gunicorn_worker.connection import HEAD_SECONDS, PIECE, ClientSocket, Connection
from videosession.gunicorn_worker.refusals import refuse, refuse_for
from videosession.gunicorn_worker.turns import Turns

log = logging.getLogger(__name__)

READ_AGAINST = "27.0.1"  # this worker relies on gunicorn's internals, which differ between versions
if gunicorn.__version__ != READ_AGAINST:
    log.warning(
        "This worker was written for gunicorn %s, and %s is installed: install %s, or test reloads and slow clients.",
        READ_AGAINST,
        gunicorn.__version__,
        READ_AGAINST,
    )

LINGER_SECONDS: float = 2
STOP_SECONDS = 10  # for requests that are arriving when the worker stops
MOST_LINGERING = 32 * MEBIBYTE  # of an unwanted body that is read and dropped, so that its sender gets the answer
MOST_RECEIVED = 64 * MEBIBYTE  # of all requests in a worker that are not answered yet
MOST_OUTGOING = 64 * MEBIBYTE  # of all answers in a worker that are not read yet

_system = ctypes.PyDLL(None)  # PyDLL's calls do not release the GIL
UNFINISHED = object()  # a thread's result when the client has enough to read for now
_TOO_MUCH = "The service has more requests than it can hold. Send the request again in a moment."
_ENDS = object()  # a client of its own in Turns, for ending abandoned answers


class Worker(ThreadWorker):
    """Receives requests in the loop, and answers them in threads."""

    alive: bool

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._waiting: dict[Connection, None] = {}  # in the order in which they began to wait
        self._idle_until: float | None = None
        self._swept_at = 0.0
        self._received_bytes = 0  # of requests that are not answered yet

    def get_thread_pool(self) -> Turns:
        return Turns(self.cfg.threads)

    def enqueue_req(self, conn: Connection) -> None:
        """Have a thread parse the request, which has arrived, and answer it."""
        self._submit(conn, self.handle)

    def accept(self, listener: socket.socket) -> bool:
        """Accept a new connection, and wait for its request; return whether there was one."""
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
        """Continue after a thread has written an answer, or a part of it."""
        if fs.cancelled():
            self._turn_away(conn)
            return
        try:
            result = fs.result()
        except Exception:
            result = False
            self.log.exception("a connection failed")
        if conn.is_sending:
            self._send(conn, result)
        else:
            self._go_on(conn, result)

    def _go_on(self, conn: Connection, result) -> None:
        """Have the rest of the answer written, wait for the next request, or close the connection."""
        if result is UNFINISHED:
            self._submit(conn, self._resume)
            return
        self._received_bytes -= conn.request_bytes
        conn.request_bytes = 0
        if not result:
            self._linger(conn)
            return
        conn.expect_another()
        self._count(conn, len(conn.sock.received))
        if not conn.is_idle and self._is_ready(conn):
            self.enqueue_req(conn)
        else:
            self._wait(conn)

    def _submit(self, conn: Connection, task: Callable) -> None:
        future = self.tpool.submit(conn.arrival.client, partial(task, conn))
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def handle_request(self, req, conn: Connection):
        """Write as much of the answer as the client accepts; return whether to keep the connection, or UNFINISHED."""
        if conn.told_to_continue or not conn.arrival.is_complete:
            req._expected_100_continue = False  # gunicorn would send 100 Continue although the body has arrived
        if conn.arrival.is_chunked and _is_coded(req):
            refuse(conn.sock, 501, "The request has a Transfer-Encoding other than chunked: send it without.", self.log)
            return False
        response, environ = wsgi.create(req, conn.sock, conn.client, conn.server, self.cfg)
        environ["wsgi.multithread"] = True
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
        if not self.alive or not self.cfg.keepalive or not conn.arrival.is_complete:
            response.force_close()
        began = datetime.now()  # noqa: DTZ005, as gunicorn does
        body = self.wsgi(environ, response.start_response)
        record = partial(self.log.access, response, req, environ)
        answer = Answer(response, body, iter(body), lambda: record(datetime.now() - began))  # noqa: DTZ005
        conn.answer = answer
        return self._produce(conn, answer)

    def _produce(self, conn: Connection, answer: Answer):
        """Write the answer until it ends, the client has enough to read, or other clients must be served."""
        try:
            if not answer.write(lambda: conn.sock.outgoing_bytes):
                return UNFINISHED
        except Exception as error:
            conn.end_answer()
            if isinstance(error, OSError) or not answer.response.headers_sent:
                raise
            self.log.exception("Error handling request")  # a status now would be read as part of the answer
            return False
        conn.end_answer()
        return not answer.response.should_close()

    def _resume(self, conn: Connection):
        """Continue writing an answer, in a thread."""
        answer = conn.answer
        if answer is None:  # it has been ended meanwhile
            return False
        try:
            return self._keepalive_after(conn, self._produce(conn, answer))
        except OSError:  # the client is gone
            return False

    def _keepalive_after(self, conn: Connection, keepalive):
        """Skip the part of the body that the service did not read; return whether to keep the connection."""
        if keepalive is True:
            return bool(conn.parser.finish_body())
        return keepalive

    def handle_error(self, req, client: ClientSocket, addr, exc: Exception) -> None:
        """Refuse invalid HTTP."""
        refuse_for(exc, client, self.log)

    def murder_keepalived(self, force: bool = False) -> None:
        """Close the connections that have waited too long, or with `force` all of them."""
        now = time.monotonic()
        if now - self._swept_at < 0.25 and not force:
            return
        self._swept_at = now
        for conn in self._waiting:
            if conn.is_sending:
                conn.note_what_was_taken(now)
        for conn in [each for each in self._waiting if force or each.timeout <= now]:
            (self._drop if force else self._give_up)(conn)

    def murder_pending(self) -> None:
        """Do nothing: pending connections are treated like all others."""

    def _cap_keepalive(self, deadline: float) -> None:
        """Begin to stop: accept only connections that the system has accepted already, and shorten the deadlines."""
        self._idle_until = deadline
        for listener in self.sockets:
            self._close_when_nobody_waits(listener)
        for conn in [each for each in self._waiting if not each.is_sending]:
            conn.timeout = min(conn.timeout, deadline if conn.is_idle else time.monotonic() + STOP_SECONDS)

    def _close_when_nobody_waits(self, listener: socket.socket) -> None:
        """Close the listener while its queue is empty, since the system resets connections that are still queued.

        Python would let other threads run between the check and the close, for milliseconds; these calls do not.
        """
        server, number = listener.getsockname(), listener.detach()
        while (accepted := _system.accept(number, None, None)) >= 0:
            with contextlib.suppress(OSError):  # it may be gone again
                connection = socket.socket(fileno=accepted)
                self._admit(connection, connection.getpeername(), server)
        _system.close(number)

    def _wait(self, conn: Connection) -> None:
        conn.timeout = conn.deadline(time.monotonic())
        if conn.is_idle and not self.alive:
            conn.timeout = min(conn.timeout, self._idle_until or time.monotonic() + STOP_KEEPALIVE_LINGER)
        self._watch(conn, self._receive)

    def _send(self, conn: Connection, result) -> None:
        """Send the rest of what a thread has written, as fast as the client reads it."""
        conn.begin_to_send(time.monotonic())
        self._watch(conn, partial(self._send_rest, result=result), selectors.EVENT_WRITE)
        sending = [each for each in self._waiting if each.is_sending]
        self._bound(sending, sum(each.sock.outgoing_bytes for each in sending) - MOST_OUTGOING)

    def _bound(self, connections: list[Connection], surplus: int) -> None:
        """Close the connections with the least progress until there is no surplus of bytes."""
        now = time.monotonic()
        while surplus > 0 and connections:
            slowest = min(connections, key=lambda conn: conn.worth(now))
            connections.remove(slowest)
            surplus -= slowest.sock.outgoing_bytes + len(slowest.sock.received)
            if slowest.is_sending:
                self._drop(slowest)
            else:
                self._refuse_and_linger(slowest, 503, _TOO_MUCH)

    def _send_rest(self, conn: Connection, result) -> None:
        try:
            conn.sock.send_rest()
        except OSError:
            self._drop(conn)
            return
        if not conn.is_sending:
            conn.note_what_was_taken(time.monotonic())
            self._unwatch(conn)
            self._go_on(conn, result)

    def _watch(self, conn: Connection, react: Callable[[Connection], None], event: int = selectors.EVENT_READ) -> None:
        self._waiting[conn] = None
        self.poller.register(conn.sock, event, partial(self._react, react, conn))

    def _react(self, react: Callable[[Connection], None], conn: Connection, _) -> None:
        if conn in self._waiting:  # another event of the same iteration may have ended it
            react(conn)

    def _unwatch(self, conn: Connection) -> None:
        del self._waiting[conn]
        self.poller.unregister(conn.sock)

    def _count(self, conn: Connection, count: int) -> None:
        conn.request_bytes += count
        self._received_bytes += count

    def _receive(self, conn: Connection) -> None:
        try:
            count = conn.sock.receive()
        except BlockingIOError:
            return
        except OSError:
            self._drop(conn)
            return
        self._count(conn, count)
        conn.has_spoken = True
        if count == 0:
            self._end(conn)
        elif self._is_ready(conn):
            self._begin(conn)
        else:
            self._wait_for_the_rest(conn)

    def _is_ready(self, conn: Connection) -> bool:
        """Return whether there is nothing to wait for: the request is complete, or will be refused in any case."""
        arrival = conn.arrival
        if not arrival.is_whole():
            return arrival.head_size > 0 and arrival.token is None
        if not arrival.head_size:
            conn.sock.ending = LimitRequestHeaders(f"The head is larger than {LARGEST_HEAD} bytes.")
        elif not arrival.is_complete and conn.sock.ending is not None:
            conn.sock.ending = ParseException("it is not as its head or its chunks say")
        return True

    def _wait_for_the_rest(self, conn: Connection) -> None:
        conn.timeout = conn.deadline(time.monotonic())
        if conn.arrival.expects_continue and not conn.told_to_continue:
            conn.told_to_continue = True
            with contextlib.suppress(OSError):
                conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._received_bytes > MOST_RECEIVED:
            unfinished = [each for each in self._waiting if len(each.sock.received) > PIECE and not each.is_sending]
            self._bound(unfinished, self._received_bytes - MOST_RECEIVED)

    def _end(self, conn: Connection) -> None:
        """Continue after the client has closed its sending side."""
        if conn.is_idle:
            self._drop(conn)
        else:
            conn.sock.ending = None
            self._begin(conn)

    def _begin(self, conn: Connection) -> None:
        self._unwatch(conn)
        self.enqueue_req(conn)

    def _give_up(self, conn: Connection) -> None:
        """Answer a client whose request is too late; one that sent nothing gets no answer."""
        if conn.is_lingering or conn.is_idle or conn.is_sending:
            self._drop(conn)
        elif conn.arrival.head_size:
            self._begin(conn)  # the body ends in a TimeoutError, which the service answers
        else:
            late = f"The head of the request did not arrive within {HEAD_SECONDS} seconds."
            self._refuse_and_linger(conn, 408, late)

    def _refuse_and_linger(self, conn: Connection, status: int, detail: str) -> None:
        self._unwatch(conn)
        refuse(conn.sock, status, detail, self.log)
        self._release(conn)
        self._linger(conn)

    def _make_room(self) -> None:
        """Close the connection with the lowest priority, or refuse a request of a client that has more in the queue."""
        now = time.monotonic()
        worths = [(worth, conn) for conn in self._waiting if not (worth := conn.worth(now)).is_kept]
        if not self.tpool.take_back(len(worths), but=_ENDS) and worths:
            self._drop(min(worths, key=lambda pair: pair[0])[1])

    def _turn_away(self, conn: Connection) -> None:
        """Refuse a request that was removed from the queue; its connection is needed now and does not linger."""
        if conn.answer is None:
            refuse(conn.sock, 503, _TOO_MUCH, self.log)
        self._let_go(conn)

    def _linger(self, conn: Connection) -> None:
        """Let the client close first: an immediate close could discard the answer (RFC 9112, 9.6)."""
        conn.sock.forget()
        try:
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
        self._let_go(conn)

    def _let_go(self, conn: Connection) -> None:
        self._release(conn)
        self.nr_conns -= 1
        conn.close()
        if conn.answer:
            self.tpool.submit(_ENDS, conn.end_answer)

    def _release(self, conn: Connection) -> None:
        self._received_bytes -= conn.request_bytes
        conn.request_bytes = 0


def _is_coded(req) -> bool:
    return any(name == "TRANSFER-ENCODING" and value.strip().lower() != "chunked" for name, value in req.headers)
