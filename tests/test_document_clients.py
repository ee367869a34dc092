"""The two small clients in docs/clients.md do what the document says."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.documents import code
from tests.losing_network import losing_network
from tests.player import browser
from tests.service import mint

pytestmark = pytest.mark.processes

IN_A_PAGE = """
    const [code, service, session, token, done] = given;
    const { Reporter } = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
    const reporter = new Reporter(service, session, token);
    reporter.report("play", { position: 0 });
    reporter.report("pause", { position: 7 });
    const unsent = new Reporter("http://127.0.0.1:1", session, token);
    unsent.report("play");
    await Promise.all([reporter.send(), reporter.send(), unsent.send()]); // twice at once, and to nobody
    const late = new Reporter(service, session, "a token that has expired");
    late.report("complete");
    await late.send();
    const kept = late.waiting.length;
    late.token = token;
    await late.send();
    done([reporter.waiting.length, unsent.waiting.length, kept, late.waiting.length]);
"""


@pytest.fixture(scope="module")
def sessions_class():
    exec(code("clients.md", "From Python"), namespace := {})
    return namespace["Sessions"]


@pytest.fixture
def sessions(sessions_class, service):
    return sessions_class(f"http://127.0.0.1:{service.port}", mint())


def events(service, session: str) -> list[str]:
    answer = service.request("GET", f"/api/sessions/{session}", token=mint())
    return [event["type"] for event in answer.json["events"]]


def test_the_python_client_creates_a_session_appends_events_and_reads_the_timeline(sessions):
    session = sessions.open("A film", videoId="film")
    sessions.report(session, {"type": "play", "data": {"position": 0, "duration": 10}})
    [pause] = sessions.report(session, {"type": "pause", "timestamp": "2099-01-01T00:00:00Z", "data": {"position": 10}})
    assert pause["timestamp"] == "2099-01-01T00:00:00Z"
    assert sessions.timeline(session)["events"] == 2


def test_the_python_client_reads_all_pages(sessions):
    opened = [sessions.open(f"Film {place}", videoId="walked") for place in range(5)]
    assert [session["id"] for session in sessions.newest(videoId="walked", limit=2)] == opened[::-1]


def test_the_python_client_stores_everything_once_on_a_network_that_loses_messages(sessions_class, sessions, service):
    with losing_network(("127.0.0.1", service.port)) as network:
        behind = sessions_class(f"http://127.0.0.1:{network.server_address[1]}", mint())
        session = behind.open("Lost and found", videoId="lost")
        behind.report(session, {"type": "play"}, {"type": "pause"})
        behind.report(session, {"type": "complete"})
    assert set(network.lost) == {"request", "reply"}
    assert [found["id"] for found in sessions.newest(videoId="lost")] == [session]
    assert events(service, session) == ["play", "pause", "complete"]


class Hasty(BaseHTTPRequestHandler):
    """A proxy that first answers by itself, without a Retry-After, and then forwards requests."""

    answers = iter(())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(next(self.answers))
        self.end_headers()
        self.wfile.write(b'{"id": "made"}')

    def log_message(self, *_) -> None:
        """Say nothing."""


@pytest.mark.parametrize("status", [408, 503])
def test_the_python_client_retries_without_a_retry_after_header(sessions_class, monkeypatch, status):
    monkeypatch.setattr(Hasty, "answers", iter([status, 201]))
    with HTTPServer(("127.0.0.1", 0), Hasty) as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.02,)).start()
        try:
            assert sessions_class(f"http://127.0.0.1:{proxy.server_port}", "a token").open("A film") == "made"
        finally:
            proxy.shutdown()


def test_the_browser_client_sends_events_once_and_keeps_those_not_accepted(sessions, service, tmp_path):
    if not browser.IS_THERE:
        pytest.skip(browser.MISSING)
    session = sessions.open("In a browser")
    token = service.request("POST", f"/api/sessions/{session}/token", {}, token=mint()).json["token"]
    with browser.chromium(tmp_path) as driver:
        driver.get(f"http://127.0.0.1:{service.port}/livez")
        given = code("clients.md", "From a browser"), f"http://127.0.0.1:{service.port}", session, token
        waiting = driver.execute_async_script(f"(async (...given) => {{{IN_A_PAGE}}})(...arguments)", *given)
    assert waiting == [0, 1, 1, 0]
    assert events(service, session) == ["play", "pause", "complete"]
