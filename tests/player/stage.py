"""Where the pages under test come from: a server that passes the service's requests on, and fails them when told to."""

import contextlib
import http.client
import json
import queue
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from videosession.browser import STATIC

HERE = Path(__file__).parent
PAGES = {
    "/": ("stage.html", "text/html"),
    "/back": ("back.html", "text/html"),
}
PASSED_ON = ("Content-Type", "Content-Length", "Content-Range", "Accept-Ranges", "Retry-After", "ETag")
POLL_SECONDS = 0.1  # for which closing waits
ASKED_SECONDS = {503: 1, 429: 3, 404: 0}  # of the statuses that faults name


class Seen(NamedTuple):
    """The status that a page got, 0 for no answer, and when."""

    status: int
    instant: float


class Stage(ThreadingHTTPServer):
    """Serves one script's pages on a port of 127.0.0.1 until closed: an origin of its own, with its own storage.

    `pages` are further ones, of each the text and its kind. `fault` is what happens to events on their way: "none",
    "away" (nobody answers), "poisoned" (the service fails on one event), "deaf" (the service gets them, and its answer
    is lost), or a status. `requests` are those for events that came.
    """

    daemon_threads = True
    handler: type[BaseHTTPRequestHandler]

    def __init__(self, service_port: int, pages: Mapping[str, tuple[str, str]] = MappingProxyType({})):
        super().__init__(("127.0.0.1", 0), self.handler)
        self.service_port = service_port
        self.pages = pages
        self.fault = "none"
        self.requests: list[Seen] = []
        self.outcomes: queue.Queue[dict] = queue.Queue()
        self.rest = threading.Event()
        threading.Thread(target=self.serve_forever, args=(POLL_SECONDS,), daemon=True).start()

    @property
    def statuses(self) -> list[int]:
        return [request.status for request in self.requests]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address) -> None:
        """Browsers close connections as they like."""

    def close(self) -> None:
        self.rest.set()
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stage

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        for beginning, answer in self.answers().items():
            if path.startswith(beginning):
                return answer(path.removeprefix(beginning))
        if path in PAGES:
            name, kind = PAGES[path]
            self.answer(200, {"Content-Type": kind}, (HERE / name).read_bytes())
        elif path.startswith("/scripts/"):
            self.answer(200, {"Content-Type": "text/javascript"}, (HERE / path[1:]).read_bytes())
        elif path in self.server.pages:
            text, kind = self.server.pages[path]
            self.answer(200, {"Content-Type": kind}, text.encode())
        elif path.startswith("/slow/"):
            self._stutter(STATIC / "demo" / path.rpartition("/")[2])
        else:
            self.answer(*self._ask_service())
        return None

    def answers(self) -> dict[str, Callable[[str], None]]:
        """Return what answers to paths that begin like this, given the rest of them."""
        return {}

    def do_PUT(self) -> None:
        """Take what the script came to, or the fault that it asks for, or that it wants the rest of a clip."""
        what = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/outcome":
            self.server.outcomes.put(json.loads(what))
        elif self.path == "/rest":
            self.server.rest.set()
        else:
            self.server.fault = what
        self.answer(200, {}, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.server.fault
        status, headers, answer = 0, {}, b""
        if fault == "poisoned":  # as a database does that cannot store one of the events
            fault = "500" if b"poison" in body else "none"
        if fault in ("none", "deaf"):
            status, headers, answer = self._ask_service(body)
        elif fault.isdigit():
            status, answer = int(fault), b"{}"
            headers = {"Retry-After": str(ASKED_SECONDS[status])} if status in ASKED_SECONDS else {}
        self.server.requests.append(Seen(0 if fault == "deaf" else status, time.monotonic()))
        if fault in ("away", "deaf"):
            self.close_connection = True  # no answer at all
        else:
            self.answer(status, headers, answer)

    def _stutter(self, clip: Path) -> None:
        """Send a third of a clip, and the others when they are asked for."""
        content = clip.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "video/webm")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 3])
        self.server.rest.wait()
        self.wfile.write(content[len(content) // 3 :])

    def _ask_service(self, body: bytes | None = None) -> tuple[int, dict, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.service_port, timeout=20)
        sent = {name: self.headers[name] for name in ("Authorization", "Content-Type", "Range") if self.headers[name]}
        with contextlib.closing(connection):
            connection.request(self.command, self.path, body, sent)
            answer = connection.getresponse()
            headers = {name: answer.headers[name] for name in PASSED_ON if answer.headers[name]}
            return answer.status, headers, answer.read()

    def answer(self, status: int, headers: dict, body: bytes) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        """The tests tell what went wrong."""


Stage.handler = Handler
