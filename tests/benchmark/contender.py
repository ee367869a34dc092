"""One of the apps that are compared: in this process, and behind gunicorn."""

import http.client
import io
import json
import sys
import threading
import time
from collections.abc import Callable

from tests.benchmark.limit import BATCH, EVENT, rate
from tests.service import Service, mint

ONE = json.dumps(EVENT).encode()
MANY = json.dumps([EVENT] * BATCH).encode()


class Contender:
    """An app that is called as a server would call it, and over HTTP."""

    def __init__(self, app: Callable, service: Service, takes_batches: bool):
        self._app = app
        self._port = service.port
        self._takes_batches = takes_batches
        self._token = mint()
        self._session = self.new_session()

    def new_session(self) -> str:
        """Create a session and return its id."""
        return json.loads(self.call("POST", "/api/sessions", b'{"title": "A session"}'))["id"]

    def call(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Answer a request in this process."""
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path.partition("?")[0],
            "QUERY_STRING": path.partition("?")[2],
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            "HTTP_AUTHORIZATION": f"Bearer {self._token}",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        statuses = []
        pieces = self._app(environ, lambda status, headers, exc_info=None: statuses.append(status))
        try:
            answer = b"".join(pieces)
        finally:
            pieces.close()
        assert statuses[0][0] == "2", (statuses, answer)
        return answer

    def append(self, session_id: str | None = None) -> None:
        """Append an event."""
        self.call("POST", f"/api/sessions/{session_id or self._session}/events", ONE)

    def append_batch(self) -> None:
        """Append as many events as a batch has, in one request if the app can do that."""
        if not self._takes_batches:
            for _ in range(BATCH):
                self.append()
            return
        self.call("POST", f"/api/sessions/{self._session}/events", MANY)

    def read(self, session_id: str) -> None:
        """Read a session."""
        self.call("GET", f"/api/sessions/{session_id}")

    def timeline(self, session_id: str) -> None:
        """Read a timeline."""
        self.call("GET", f"/api/sessions/{session_id}/timeline")

    def rate(self, verb: str, arguments: list, connections: int, seconds: float) -> float:
        """Do the same over HTTP on several connections; return the requests per second."""
        batches = verb == "append_batch"
        share = BATCH if batches and not self._takes_batches else 1
        rates = []

        def loop() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
            rates.append(rate(lambda: self._send(connection, verb, *arguments), seconds))
            connection.close()

        threads = [threading.Thread(target=loop) for _ in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(rates) / share

    def _send(self, connection: http.client.HTTPConnection, verb: str, session_id: str | None = None) -> None:
        path = f"/api/sessions/{session_id or self._session}"
        method, path, body = {
            "append": ("POST", f"{path}/events", ONE),
            "append_batch": ("POST", f"{path}/events", MANY if self._takes_batches else ONE),
            "read": ("GET", path, None),
            "timeline": ("GET", f"{path}/timeline", None),
        }[verb]
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        while answer.read(1 << 20):
            pass
        assert answer.status < 300, answer.status


def processor_microseconds(deed: Callable[[], None], times: int) -> float:
    """Call it `times` times; return the processor time of this thread for each call."""
    started = time.thread_time()
    for _ in range(times):
        deed()
    return (time.thread_time() - started) / times * 1e6
