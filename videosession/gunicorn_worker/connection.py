"""A client's connection, with buffers for received and unsent bytes, so that no thread waits for either."""

import contextlib
import fcntl
import socket
import struct
import sys
import termios
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from gunicorn.workers.gthread import TConn

from videosession.gunicorn_worker.answers import Answer
from videosession.gunicorn_worker.arrival import Arrival

if TYPE_CHECKING:
    from typing_extensions import Buffer  # in the standard library from Python 3.12 on

HEAD_SECONDS: float = 10
BODY_SECONDS: float = 10
SLOWEST_BYTES_A_SECOND = 32 * 1024  # of a body; the client's deadline is extended by a second for each
STALL_SECONDS: float = 28  # without reading any of an answer; with LINGER_SECONDS the connection is closed after 30
SLOWEST_READING_BYTES_A_SECOND = 8 * 1024  # of an answer; the client's deadline is extended by a second for each
PIECE = 64 * 1024
MOST_UNSENT = 256 * 1024  # bytes in the system's send buffer, beyond those in flight; its default is megabytes


class ClientSocket(socket.socket):
    """A client's socket that never blocks: it returns received bytes, and buffers bytes that cannot be sent yet.

    `ending` is what follows the received bytes: empty at the end of the stream, or an exception.
    """

    def __init__(self, accepted: socket.socket):
        super().__init__(fileno=accepted.detach())
        super().setblocking(False)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_UNSENT)
        self.received = bytearray()
        self.ending: Exception | None = TimeoutError("it did not arrive in time")
        self.outgoing: deque[memoryview] = deque()
        self.outgoing_bytes = 0
        self._sent_bytes = 0

    def receive(self) -> int:
        """Receive the bytes that have arrived, and return their number; 0 at the end of the stream."""
        part = super().recv(PIECE)
        self.received += part
        return len(part)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return received bytes; called by gunicorn's parser."""
        part = bytes(self.received[:size])
        del self.received[:size]
        if not part and self.ending:
            raise self.ending
        return part

    def sendall(self, content: "Buffer", flags: int = 0) -> None:
        """Send as much as the client accepts now, and buffer the rest."""
        self.send_rest()
        piece = memoryview(content)
        if not self.outgoing:
            piece = piece[self._send(piece) :]
        if len(piece):
            self.outgoing.append(piece)
            self.outgoing_bytes += len(piece)

    def send_rest(self) -> None:
        """Send as much of the buffer as the client accepts now."""
        while self.outgoing:
            piece = self.outgoing[0]
            count = self._send(piece)
            self.outgoing_bytes -= count
            if count < len(piece):
                self.outgoing[0] = piece[count:]
                return
            self.outgoing.popleft()

    def forget(self) -> None:
        """Drop the unsent bytes."""
        self.outgoing.clear()
        self.outgoing_bytes = 0

    def _send(self, piece: memoryview) -> int:
        try:
            count = super().send(piece)
        except BlockingIOError:
            return 0
        self._sent_bytes += count
        return count

    @property
    def taken_bytes(self) -> int:
        """Return how many bytes the client's system has acknowledged, or were sent if that is unknown."""
        if sys.platform != "linux":
            return self._sent_bytes
        with contextlib.suppress(OSError):
            (unacknowledged,) = struct.unpack("i", fcntl.ioctl(self.fileno(), termios.TIOCOUTQ, b"\0" * 4))
            return int(self._sent_bytes - unacknowledged)
        return self._sent_bytes

    def setblocking(self, flag: bool) -> None:
        """Do nothing, since gunicorn would make a thread wait."""


class Connection(TConn):
    """A client's connection, with the request that arrives and the answer that is sent."""

    sock: ClientSocket

    def __init__(self, config: Any, accepted: socket.socket, client: Any, server: Any):
        super().__init__(config, ClientSocket(accepted), client, server)
        self.data_ready = True  # otherwise gunicorn would wait for data in a thread
        self.timeout = 0.0
        self.opened = time.monotonic()
        self.began: float | None = None
        self.has_spoken = False
        self.is_lingering = False
        self.discarded = 0
        self.told_to_continue = False
        self.request_bytes = 0
        self.answer: Answer | None = None
        self.patience = float(STALL_SECONDS)
        self._taken_bytes = 0
        self.arrival = Arrival(self.sock.received)

    def expect_another(self) -> None:
        """Start the next request, part of which the parser may have read already."""
        self.sock.received[:0] = self.parser.unreader.take_buffered()
        self.arrival = Arrival(self.sock.received)
        self.began = None
        self.told_to_continue = False
        self.patience = float(STALL_SECONDS)
        if self.sock.ending is not None:
            self.sock.ending = TimeoutError("it did not arrive in time")

    def end_answer(self) -> None:
        """End the answer that is being written; only the first call has an effect."""
        answer, self.answer = self.answer, None
        if answer:
            answer.end()

    @property
    def is_idle(self) -> bool:
        return not self.sock.received

    @property
    def is_sending(self) -> bool:
        return bool(self.sock.outgoing)

    def deadline(self, now: float) -> float:
        """Return the time by which the request must have arrived."""
        if self.is_idle:
            return now + float(self.cfg.keepalive)
        self.began = self.began or now
        if not self.arrival.head_size:
            return self.began + HEAD_SECONDS
        return self.began + HEAD_SECONDS + BODY_SECONDS + len(self.sock.received) / SLOWEST_BYTES_A_SECOND

    def begin_to_send(self, now: float) -> None:
        self.began = self.began or now
        self._taken_bytes = self.sock.taken_bytes
        self.timeout = now + self.patience

    def note_what_was_taken(self, now: float) -> None:
        """Extend the client's deadline by the bytes of the answer that it has read, up to the longest stall."""
        taken = self.sock.taken_bytes
        earned = (taken - self._taken_bytes) / SLOWEST_READING_BYTES_A_SECOND
        self._taken_bytes = taken
        self.timeout = min(self.timeout + earned, now + STALL_SECONDS)
        self.patience = self.timeout - now

    def worth(self, now: float) -> "Worth":
        """Return the connection's priority when there are too many."""
        if self.is_lingering:
            return Worth(0, self.opened)
        if self.is_idle and not self.is_sending:
            return Worth(2 if self.has_spoken else 1, self.opened)
        seconds = now - (self.began or now) + 0.1
        if self.is_sending:
            return Worth(3, self.sock.taken_bytes / seconds / SLOWEST_READING_BYTES_A_SECOND)
        return Worth(3, len(self.sock.received) / seconds / SLOWEST_BYTES_A_SECOND)


class Worth(NamedTuple):
    """The priority of a connection; the one with the lowest is closed first.

    In this order: lingering, silent and idle connections (each by age), and then the slowest, by the ratio of their
    rate to the minimum rate.
    """

    rank: int
    measure: float

    @property
    def is_kept(self) -> bool:
        return self.rank == 3 and self.measure >= 1
