"""A TCP proxy between the service and its database, which can be away, silent or slow."""

import contextlib
import socket
import threading
import time

from tests.service import free_port


class Proxy:
    """Passes on what is sent to its `port`; counts the connections that it took."""

    def __init__(self, target: tuple[str, int]):
        self.target = target
        self.port = free_port()
        self.taken = 0
        self.delay_seconds = 0.0  # of whatever is sent, in either direction
        self._passing = True
        self._sockets: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self._listen()

    def refuse(self) -> None:
        """Be away: every connection is closed, and new ones are refused."""
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
            self._accepting.join()
        self._cut()

    def swallow(self) -> None:
        """Be a black hole: take connections and whatever is sent, and never answer."""
        self._passing = False

    def come_back(self) -> None:
        """Pass on again, on new connections."""
        self._passing = True
        self._cut()
        if not self._listener:
            self._listen()

    close = refuse

    def _listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._accepting = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._accepting.start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # until the listener is closed
            while True:
                client, _ = listener.accept()
                self.taken += 1
                self._join(client)

    def _join(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self.target)
        except OSError:
            client.close()
            return
        self._sockets += [client, server]
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := one.recv(65536):
                if self._passing:
                    time.sleep(self.delay_seconds)
                    other.sendall(part)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _cut(self) -> None:
        for end in self._sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._sockets.clear()
