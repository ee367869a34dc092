"""What an operator sees of each request."""

import io
import json
import logging
import os
import re

import pytest

from tests.service import wait_until
from videosession import observability
from videosession.observability import JSONFormatter, RequestLog
from videosession.services import services_of

pytestmark = pytest.mark.processes

PLAY = {"type": "play", "timestamp": "2026-03-01T10:00:00.000Z", "data": {"password": "a body's secret"}}


class Log:
    """What the service would write to standard error."""

    def __init__(self, app, **options):
        self._reader, writer = os.pipe()
        os.set_blocking(self._reader, False)
        services_of(app).observed.observers.append(RequestLog(writer, observability._as_json, **options))

    def text(self) -> str:
        try:
            return os.read(self._reader, 1_000_000).decode()
        except BlockingIOError:
            return ""

    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def log(app) -> Log:
    return Log(app)


def test_every_request_is_logged_in_one_line(client, log):
    session = client.new_session()
    answer = client.append(session, PLAY)
    size = len(answer.data)
    answer.close()
    [line] = log.lines()
    assert line | {"time": None, "ms": None} == {
        "time": None,
        "level": "INFO",
        "logger": "videosession.requests",
        "requestId": answer.headers["X-Request-Id"],
        "method": "POST",
        "path": f"/api/sessions/{session}/events",
        "route": "/api/sessions/<session_id>/events",
        "status": 201,
        "ms": None,
        "bytes": size,
        "subject": "alice",
    }
    assert line["ms"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])


def test_no_log_line_contains_a_token_a_query_or_a_body(client, log):
    client.append(client.new_session(title="a title's secret"), PLAY).close()
    client.get("/api/sessions?token=a-querys-secret").close()
    assert "secret" not in (text := log.text())
    assert client.token not in text


REFUSED = {
    "no route": (404, "GET", "/%F0%9F%98%80%FF%0A", b""),
    "no token": (401, "GET", f"/api/sessions/{'0' * 32}", b""),
    "no method": (405, "PUT", "/livez", b""),
    "a preflight": (204, "OPTIONS", "/livez", b""),
    "a head": (200, "HEAD", "/livez", b""),
}


@pytest.mark.parametrize(("status", "method", "path", "body"), REFUSED.values(), ids=REFUSED)
def test_rejected_requests_are_logged_too(nobody, log, status, method, path, body):
    answer = nobody.request(method, path, body)
    size = len(answer.data)
    answer.close()
    [line] = log.lines()
    assert (line["status"], line["subject"], line["bytes"]) == (status, None, size)


def test_a_long_path_is_shortened_in_the_log(nobody, log):
    nobody.get("/" + "x" * 10_000).close()
    assert len(log.text()) < 1000


def test_a_stream_is_logged_with_its_full_size_and_marked_if_it_broke_off(client, log):
    path = f"/api/sessions/{client.new_session()}"
    whole, broken = client.get(path), client.get(path, buffered=False)
    size = len(whole.data)
    whole.close()
    broken.close()
    first, second = log.lines()
    assert (first["bytes"], "broken" in first) == (size, False)
    assert (second["bytes"] < size, second["broken"]) == (True, True)


def test_at_log_level_error_only_failures_are_logged(app, nobody):
    log = Log(app, writes_all=False)
    app.add_url_rule("/mistake", view_func=lambda: 1 / 0)
    nobody.get("/livez").close()
    nobody.get("/mistake").close()
    [line] = log.lines()
    assert (line["status"], line["level"]) == (500, "ERROR")


def test_an_unwritable_log_does_not_affect_the_answer(app, nobody):
    reader, writer = os.pipe()
    os.close(reader)
    services_of(app).observed.observers.append(RequestLog(writer, observability._as_json))
    answer = nobody.get("/livez")
    answer.close()
    assert answer.status_code == 200


def test_an_internal_error_is_logged_with_the_request_id(app, nobody, caplog):
    app.add_url_rule("/mistake", view_func=lambda: 1 / 0)
    handler = logging.StreamHandler(stream := io.StringIO())
    handler.setFormatter(JSONFormatter())
    logging.getLogger("videosession").addHandler(handler)
    answer = nobody.get("/mistake")
    logging.getLogger("videosession").removeHandler(handler)
    line = json.loads(stream.getvalue())
    assert (answer.status_code, answer.json["requestId"]) == (500, line["requestId"])
    assert "ZeroDivisionError" in line["traceback"]


def test_a_path_cannot_forge_a_line_of_the_text_log(app, nobody):
    reader, writer = os.pipe()
    services_of(app).observed.observers.append(RequestLog(writer, observability._as_text))
    nobody.get("/%1B[2J%0Aforged").close()
    text = os.read(reader, 10_000).decode()
    assert text.count("\n") == 1
    assert "\x1b" not in text


def test_a_line_of_the_text_log_names_the_subject_or_nobody(app, client, nobody):
    reader, writer = os.pipe()
    services_of(app).observed.observers.append(RequestLog(writer, observability._as_text))
    for asking, subject in ((client, "alice"), (nobody, "-")):
        answer = asking.get("/api/sessions", headers={"X-Request-Id": "its-id"})
        size = len(answer.data)
        answer.close()
        line = os.read(reader, 10_000).decode()
        assert line.startswith("20")
        assert f" INFO GET /api/sessions {answer.status_code} " in line
        assert line.endswith(f" ms {size} bytes {subject} its-id\n")


def test_every_answer_forbids_sniffing_and_shared_caches(client, nobody):
    for answer in (
        nobody.get("/livez"),
        nobody.get("/api/sessions"),
        client.get(f"/api/sessions/{client.new_session()}"),
    ):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, no-cache"


def test_under_gunicorn_every_log_line_is_json(service):
    answer = service.request("GET", "/livez", **{"X-Request-Id": "a.request-of_its-own"})
    assert answer.headers["X-Request-Id"] == "a.request-of_its-own"
    wait_until(lambda: "a.request-of_its-own" in service.log.read_text())  # written when the answer has gone out
    lines = [json.loads(line) for line in service.log.read_text().splitlines()]
    assert {"gunicorn.error", "videosession.requests"} <= {line["logger"] for line in lines}
    assert [line["path"] for line in lines if line.get("requestId") == "a.request-of_its-own"] == ["/livez"]


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACES = {
    "a trace": (f"00-{TRACE}-00f067aa0ba902b7-01", TRACE),
    "a later version": (f"01-{TRACE}-00f067aa0ba902b7-01-more", TRACE),
    "none": ("00-" + "0" * 32 + "-00f067aa0ba902b7-01", None),
    "another form": ("00-x", None),
}


@pytest.mark.parametrize(("sent", "told"), TRACES.values(), ids=TRACES)
def test_a_log_line_has_the_trace_id_of_its_request(client, log, sent, told):
    client.get("/livez", headers={"traceparent": sent}).close()
    assert log.lines()[-1].get("traceId") == told
