"""A client's connection: what arrived on it and what is still to be sent; no thread waits for either."""

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
SLOWEST_BYTES_A_SECOND = 32 * 1024  # each so many bytes of a body that came earn it a second more
STALL_SECONDS: float = 28  # for a client to read nothing of an answer; with LINGER_SECONDS it is let go after 30
SLOWEST_READING_BYTES_A_SECOND = 8 * 1024  # each so many bytes of an answer that a client took earn it a second more
PIECE = 64 * 1024
MOST_UNSENT = 256 * 1024  # that the system takes of an answer beyond what is on its way; by itself it takes megabytes


class ClientSocket(socket.socket):
    """A client's socket that never blocks: returns what was received already, and buffers what cannot be sent yet.

    `ending` is what comes after what was received: nothing, at the end of the stream, or an exception.
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
        """Receive what has arrived, and return how many bytes; 0 at the end of the stream."""
        part = super().recv(PIECE)
        self.received += part
        return len(part)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return what was received; called by gunicorn's parser."""
        part = bytes(self.received[:size])
        del self.received[:size]
        if not part and self.ending:
            raise self.ending
        return part

    def sendall(self, content: "Buffer", flags: int = 0) -> None:
        """Send what the client takes now, and buffer the rest."""
        self.send_rest()
        piece = memoryview(content)
        if not self.outgoing:
            piece = piece[self._send(piece) :]
        if len(piece):
            self.outgoing.append(piece)
            self.outgoing_bytes += len(piece)

    def send_rest(self) -> None:
        """Send as much of the buffer as the client takes now."""
        while self.outgoing:
            piece = self.outgoing[0]
            count = self._send(piece)
            self.outgoing_bytes -= count
            if count < len(piece):
                self.outgoing[0] = piece[count:]
                return
            self.outgoing.popleft()

    def forget(self) -> None:
        """Drop what is still to be sent."""
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
        """Return how many bytes the client's side has acknowledged, or were sent where the system does not tell."""
        if sys.platform != "linux":
            return self._sent_bytes
        with contextlib.suppress(OSError):
            (unacknowledged,) = struct.unpack("i", fcntl.ioctl(self.fileno(), termios.TIOCOUTQ, b"\0" * 4))
            return int(self._sent_bytes - unacknowledged)
        return self._sent_bytes

    def setblocking(self, flag: bool) -> None:
        """Do nothing: gunicorn would have a thread wait."""


class Connection(TConn):
    """A client's connection, the request that arrives on it, and the answer that leaves."""

    sock: ClientSocket

    def __init__(self, config: Any, accepted: socket.socket, client: Any, server: Any):
        super().__init__(config, ClientSocket(accepted), client, server)
        self.data_ready = True  # for gunicorn, which would wait for it in a thread
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
        """Start with the next request, part of which the parser may have read already."""
        self.sock.received[:0] = self.parser.unreader.take_buffered()
        self.arrival = Arrival(self.sock.received)
        self.began = None
        self.told_to_continue = False
        self.patience = float(STALL_SECONDS)
        if self.sock.ending is not None:
            self.sock.ending = TimeoutError("it did not arrive in time")

    def end_answer(self) -> None:
        """End the answer that is being written, once, whoever comes first."""
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
        """Return until when the request may arrive."""
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
        """Extend the client's deadline by what it has taken of the answer, never beyond the longest stall."""
        taken = self.sock.taken_bytes
        earned = (taken - self._taken_bytes) / SLOWEST_READING_BYTES_A_SECOND
        self._taken_bytes = taken
        self.timeout = min(self.timeout + earned, now + STALL_SECONDS)
        self.patience = self.timeout - now

    def worth(self, now: float) -> "Worth":
        """Return what speaks for keeping it where there is no room for all."""
        if self.is_lingering:
            return Worth(0, self.opened)
        if self.is_idle and not self.is_sending:
            return Worth(2 if self.has_spoken else 1, self.opened)
        seconds = now - (self.began or now) + 0.1
        if self.is_sending:
            return Worth(3, self.sock.taken_bytes / seconds / SLOWEST_READING_BYTES_A_SECOND)
        return Worth(3, len(self.sock.received) / seconds / SLOWEST_BYTES_A_SECOND)


class Worth(NamedTuple):
    """What speaks for keeping a connection.

    The least goes first: what lingers, what never said anything, what is idle (each by its age), and then what is
    slowest, by how many times the least rate it sends or reads.
    """

    rank: int
    measure: float

    @property
    def is_kept(self) -> bool:
        return self.rank == 3 and self.measure >= 1
