"""A network that loses messages: a proxy between a client and the service, one request a connection."""

import contextlib
import socket
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator


class LosingNetwork(socketserver.ThreadingTCPServer):
    """Loses each request when it is first sent, or the reply to it, in turn; passes on what is sent again."""

    daemon_threads = True

    def __init__(self, target: tuple[str, int]):
        super().__init__(("127.0.0.1", 0), _Connection)
        self.target = target
        self.lost = Counter()
        self._seen: set[bytes] = set()
        self._lock = threading.Lock()

    def loses(self, request: bytes) -> str | None:
        """Decide what is lost now: the request, its reply, or nothing."""
        with self._lock:
            if request in self._seen:
                return None
            self._seen.add(request)
            loss = "reply" if len(self._seen) % 2 else "request"
            self.lost[loss] += 1
            return loss


class _Connection(socketserver.StreamRequestHandler):
    server: LosingNetwork

    def handle(self) -> None:
        request = _read_message(self.rfile)
        loss = self.server.loses(request)
        if loss == "request":
            return
        with socket.create_connection(self.server.target, timeout=10) as onward:
            onward.sendall(request)
            reply = _read_message(onward.makefile("rb"))
        if loss is None:
            self.wfile.write(reply)


def _read_message(stream) -> bytes:
    """Read one HTTP message that says its length."""
    head = b"".join(iter(stream.readline, b"\r\n"))
    [length] = [int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length:")]
    return head + b"\r\n" + stream.read(length)


@contextlib.contextmanager
def losing_network(target: tuple[str, int]) -> Iterator[LosingNetwork]:
    """Stand before `target`."""
    with LosingNetwork(target) as network:
        thread = threading.Thread(target=network.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield network
        finally:
            network.shutdown()
            thread.join()
