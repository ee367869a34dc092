"""Sessions written to files and read from them, by the commands for that."""

import json
import re

import pytest

from tests.client import Client
from tests.databases import empty_database
from tests.service import SECRET
from videosession.app import create_app

FILM = {"title": "Fílm", "description": "Long", "videoId": "v", "metadata": {"a": [1, 1.5, None], "b": {"c": "d"}}}
EVENTS = [
    {"eventId": "late", "type": "pause", "timestamp": "2026-03-01T10:00:09+00:00", "data": {"a.b": 1, "$c": -0.0}},
    {"eventId": "first", "type": "play", "timestamp": "2026-03-01t10:00:00.123456789z", "data": {}},
    {
        "eventId": "x:1",
        "type": "ping",
        "timestamp": "2026-03-01T12:00:09+02:00",
        "data": {"$ref": "a", "$id": 2**63 - 1},
    },
]


@pytest.fixture
def app(shared_app):
    return shared_app


@pytest.fixture
def elsewhere(mongo):
    """The service on another database."""
    with empty_database(mongo) as database:
        yield Client(create_app({"JWT_SECRET": SECRET}, db=database))


def run(client, *arguments, stdin: bytes = b""):
    return client.app.test_cli_runner().invoke(args=list(arguments), input=stdin)


def export(client, session_id: str) -> bytes:
    result = run(client, "export", session_id)
    assert result.exit_code == 0, result.output
    return result.stdout_bytes


def restore(client, lines: bytes, *options: str):
    return run(client, "import", "-", *options, stdin=lines)


@pytest.fixture
def film(client) -> str:
    """A session with everything in it."""
    session_id = client.post("/api/sessions", FILM).json["id"]
    assert client.append(session_id, EVENTS).status_code == 201
    return session_id


def told(client, session_id: str) -> dict:
    session = (
        client.get(f"/api/sessions/{session_id}?events=none").json | client.get(f"/api/sessions/{session_id}").json
    )
    return {field: value for field, value in session.items() if field != "lastEventAt"}


def test_an_export_is_a_line_for_the_session_followed_by_its_events_in_order(client, film):
    first, *events = map(json.loads, export(client, film).splitlines())
    created_at = first["session"].pop("createdAt")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", created_at)
    assert first == {"session": {"id": film, "owner": "alice"} | FILM}
    assert events == client.get(f"/api/sessions/{film}").json["events"]
    assert [event["eventId"] for event in events] == ["first", "late", "x:1"]


@pytest.mark.parametrize("where", ["a file", "a pipe"])
def test_an_import_restores_the_export_even_if_repeated(client, elsewhere, film, tmp_path, where):
    (tmp_path / "film").write_bytes(lines := export(client, film))
    for _ in range(2):
        result = restore(elsewhere, lines) if where == "a pipe" else run(elsewhere, "import", str(tmp_path / "film"))
        assert (result.exit_code, result.stdout.split()[-1]) == (0, film)
    assert told(elsewhere, film) == told(client, film)
    assert export(elsewhere, film) == lines


@pytest.mark.processes
def test_an_interrupted_import_of_many_events_can_be_completed(client, elsewhere):
    session_id = client.new_session()
    for start in range(0, 2500, 500):
        sent = [{"type": "a", "timestamp": "2026-03-01T10:00:00Z", "data": {"n": start + n}} for n in range(500)]
        assert client.append(session_id, sent).status_code == 201
    lines = export(client, session_id)
    assert restore(elsewhere, b"".join(lines.splitlines(keepends=True)[:1700])).exit_code == 0
    assert restore(elsewhere, lines).exit_code == 0
    assert told(elsewhere, session_id)["events"] == told(client, session_id)["events"]


def test_an_import_can_assign_the_session_to_another_owner(client, elsewhere, film):
    assert restore(elsewhere, export(client, film), "--owner", "bob").exit_code == 0
    assert elsewhere.get(f"/api/sessions/{film}").status_code == 404
    assert told(Client(elsewhere.app, "bob"), film) == told(client, film)


def line(**changes) -> bytes:
    session = {"id": "0" * 32, "owner": "alice", "title": "T", "createdAt": "2026-03-01T10:00:00.000Z"} | changes
    return (
        json.dumps({"session": {name: value for name, value in session.items() if value is not None}}).encode() + b"\n"
    )


EVENT = json.dumps(EVENTS[0]).encode() + b"\n"
BAD = {
    "empty": (b"", "Line 1 is not JSON"),
    "no session first": (EVENT, "Line 1: /session: "),
    "no JSON": (line() + EVENT + b"{\n", "Line 3 is not JSON: "),
    "no id of the session": (line(id=None), "Line 1: /session/id"),
    "an id of another form": (line(id="x"), "Line 1: /session/id"),
    "no createdAt": (line(createdAt=None), "Line 1: /session/createdAt"),
    "no owner": (line(owner=None), "has no owner"),
    "no id of an event": (line() + b'{"type": "a", "timestamp": "2026-03-01T10:00:00Z"}', "Line 2: /eventId"),
    "faults": (line() + b"\n" + EVENT + b'{"eventId": "x", "type": 1}', "Line 4: /type: .*\nLine 4: /timestamp: "),
    "one id twice": (line() + EVENT + EVENT.replace(b"pause", b"play"), "Line 3: /eventId: "),
}


@pytest.mark.parametrize(("lines", "what"), BAD.values(), ids=BAD)
def test_an_invalid_line_of_an_import_is_reported_with_its_number(elsewhere, lines, what):
    result = restore(elsewhere, lines)
    assert result.exit_code == 1
    assert re.search(what, result.stderr)


@pytest.mark.parametrize("change", [{"owner": "mallory"}, {"createdAt": "2026-03-01T10:00:00.001Z"}])
def test_an_import_stops_at_the_id_of_another_session(elsewhere, change):
    assert restore(elsewhere, line() + EVENT).exit_code == 0
    result = restore(elsewhere, line(**change) + EVENT.replace(b"late", b"later"))
    assert (result.exit_code, "Another session" in result.stderr) == (1, True)
    assert len(told(elsewhere, "0" * 32)["events"]) == 1


def test_an_import_stops_at_the_id_of_another_event(elsewhere):
    assert restore(elsewhere, line() + EVENT).exit_code == 0
    result = restore(elsewhere, line() + EVENT.replace(b"late", b"other") + EVENT.replace(b"pause", b"play"))
    assert (result.exit_code, "Line 3" in result.stderr) == (1, True)
    assert len(told(elsewhere, "0" * 32)["events"]) == 1


def test_an_import_does_not_restore_a_deleted_session_silently(elsewhere):
    restore(elsewhere, line() + EVENT)
    elsewhere.delete(f"/api/sessions/{'0' * 32}")
    result = restore(elsewhere, line() + EVENT)
    assert (result.exit_code, "deleted" in result.stderr) == (1, True)
    assert elsewhere.get(f"/api/sessions/{'0' * 32}").status_code == 404


@pytest.mark.parametrize("session_id", ["0" * 31 + "1", "x"])
def test_a_missing_session_cannot_be_exported(client, session_id):
    result = run(client, "export", session_id)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no such session" in result.stderr


def test_quotes_from_an_imported_file_cannot_control_the_terminal(elsewhere):
    line = (
        b'{"session":{"title":"x","id":"'
        + b"0" * 32
        + b'","createdAt":"2026-03-01T10:00:00.000Z","\\u001b]0;gone\\u0007":1}}'
    )
    result = run(elsewhere, "import", "-", "--owner", "alice", stdin=line)
    assert result.exit_code == 1
    assert "\\x1b]0;gone\\x07" in result.output
    assert "\x1b" not in result.output


def test_a_line_of_twenty_megabytes_gives_a_readable_error(elsewhere):
    result = run(elsewhere, "import", "-", "--owner", "alice", stdin=b'{"a":"' + b"a" * 20_000_000 + b'"}')
    assert (result.exit_code, "Line 1 is larger than" in result.output) == (1, True)
