"""Other systems' logs as sessions: one for each viewing, whatever the lines look like, and twice is once."""

import gzip
import json

import pytest

from tests.client import Client
from tests.databases import empty_database
from tests.service import SECRET
from videosession.app import create_app
from videosession.exchange import logs


def line(kind: str, second: float, user: str = "anna", session: str = "s1", video: str = "v1", **payload) -> dict:
    """Return a line of a tracking log as the web player makes it: its event is JSON in a text."""
    return {
        "username": user,
        "event_type": kind,
        "event_source": "browser",
        "session": session,
        "time": f"2026-03-01T10:{int(second) // 60:02d}:{second % 60:09.6f}+00:00",
        "event": json.dumps({"id": video, "code": "html5"} | payload),
        "context": {"course_id": "course-v1:edX+Demo+2026"},
    }


VIEWING = [
    line("load_video", 0, duration=0),
    line("play_video", 1, currentTime=0, duration=120),
    line("seek_video", 11, old_time=10, new_time=60, type="onSlideSeek"),
    line("speed_change_video", 21, current_time=70, old_speed="1.0", new_speed="2.0"),
    line("pause_video", 31, currentTime=90),
]


def written(lines: list[dict], separator: str = "\n") -> bytes:
    return "".join(json.dumps(each) + separator for each in lines).encode()


def take(client, content: bytes, form: str = "openedx", *options: str):
    arguments = ["import", "-", "--format", form, "--owner", "alice", *options]
    return client.app.test_cli_runner().invoke(args=arguments, input=content)


def sessions(client) -> list[dict]:
    return client.get("/api/sessions").json["sessions"]


def told(client) -> list[dict]:
    """Return the timelines of all sessions."""
    return [client.get(f"/api/sessions/{each['id']}/timeline").json for each in sessions(client)]


def ranges(answer: dict) -> list[tuple[float, float]]:
    return [(each["from"], each["to"]) for each in answer["segments"]]


def test_an_imported_log_has_the_timeline_of_what_was_watched(client):
    result = take(client, written(VIEWING))
    assert result.exit_code == 0, result.output
    assert "5 events in 1 session." in result.stdout
    [session] = sessions(client)
    assert (session["title"], session["videoId"]) == ("v1 in course-v1:edX+Demo+2026", "v1")
    [answer] = told(client)
    assert ranges(answer) == [(0, 10), (60, 90)]
    assert answer["coverage"] is not None


# How the same log may be written.
FORMS = {
    "an event as an object": written([each | {"event": json.loads(each["event"])} for each in VIEWING]),
    "what syslog puts before it": b"".join(
        b"Mar  1 10:00:00 lms [service_variant=lms][tracking][env:prod] INFO  [lms 1] [logger.py:41] - " + each
        for each in written(VIEWING).splitlines(keepends=True)
    ),
    "with comments and blank lines": b"# a log {\n\n" + written(VIEWING),
    "out of order": written(VIEWING[::-1]),
    "in another disorder": written(VIEWING[::2] + VIEWING[1::2]),
    "compressed": gzip.compress(written(VIEWING)),
    "of the mobile apps": written(
        [each | {"name": {"play_video": "edx.video.played"}.get(each["event_type"], "x")} for each in VIEWING]
    ),
    "among other events": written(
        [{"event_type": "/courses/x/problem_check", "event": "a=1", "time": "x", "username": "anna"}, *VIEWING]
    ),
    "carriage returns": written(VIEWING, "\r\n"),
}


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
def test_a_log_in_any_file_format_gives_the_same_sessions(client, content):
    result = take(client, content)
    assert (result.exit_code, result.stderr.count("could not")) == (0, 0), result.output
    assert [ranges(each) for each in told(client)] == [[(0, 10), (60, 90)]]


def test_a_second_import_adds_nothing(client):
    first = [take(client, written(VIEWING)).exit_code, told(client)]
    assert [take(client, written(VIEWING)).exit_code, told(client)] == first


def test_each_user_course_video_and_browser_session_gets_a_session(client):
    elsewhere = VIEWING[0] | {"context": {"course_id": "another"}}
    others = [
        line("load_video", 0, user="bert"),
        line("load_video", 0, session="s2"),
        line("load_video", 0, video="v2"),
    ]
    take(client, written([*VIEWING, *others, elsewhere, line("load_video", 0, user="", session="s3")]))
    assert len(sessions(client)) == 6


def test_a_gap_in_time_does_not_split_a_session(client):
    late = [each | {"time": each["time"].replace("2026-03-01", "2026-03-09")} for each in VIEWING]
    take(client, written([*VIEWING, *late]))
    assert len(sessions(client)) == 1


def test_user_names_are_hashed_unless_asked_otherwise(client):
    take(client, written(VIEWING))
    take(client, written(VIEWING), "openedx", "--salt", "another")
    take(client, written(VIEWING), "openedx", "--keep-names")
    viewers = [each["metadata"]["viewerId"] for each in sessions(client)]
    assert ("anna" in viewers, len(set(viewers)), sorted(map(len, viewers))) == (True, 3, [4, 32, 32])


def test_an_anonymous_viewer_gets_no_viewer_id(client):
    take(client, written([line("load_video", 0, user="")]))
    assert "viewerId" not in sessions(client)[0]["metadata"]


BROKEN = {
    "cut off": (b'{"username": "anna", "event_type": "play_vi', "not JSON"),
    "no JSON": (b"Traceback (most recent call last):", "not JSON"),
    "no time": (json.dumps(VIEWING[0] | {"time": None}).encode(), "no time"),
    "no payload": (json.dumps(VIEWING[0] | {"event": "a=1"}).encode(), "not JSON"),
    "no video": (json.dumps(VIEWING[0] | {"event": {}}).encode(), "no video"),
    "too long": (b"{" + b" " * logs.LONGEST_LINE + b"}", "too long"),
    "a number that cannot be stored": (
        json.dumps(VIEWING[0] | {"event": {"id": "v1", "n": 2**63}}).encode(),
        "no event that can be stored",
    ),
}


@pytest.mark.parametrize(("broken", "fault"), BROKEN.values(), ids=BROKEN)
def test_a_broken_line_is_reported_with_its_number_and_error_and_the_rest_is_imported(client, broken, fault):
    result = take(client, written(VIEWING[:2]) + broken + b"\n" + written(VIEWING[2:]))
    message = f"1 line could not be read or stored: 3 ({fault})\n"
    assert (result.exit_code, message in result.stderr) == (0, True), result.output
    assert [ranges(each) for each in told(client)] == [[(0, 10), (60, 90)]]


def test_of_many_broken_lines_the_first_are_listed(client):
    result = take(client, b"x\n" * 50)
    numbers = ", ".join(f"{number} (not JSON)" for number in range(1, 11))
    assert f"50 lines could not be read or stored: {numbers}, …" in result.stderr
    assert result.stdout == "No events were stored.\n"


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b'{"statements": []}\n'])
def test_a_file_without_any_video_event_is_reported(client, content):
    result = take(client, content)
    assert result.stdout == "No events were stored: read as openedx, the file has no events of a video.\n"


@pytest.mark.parametrize(
    ("port", "of_flask_run", "printed", "warned"),
    [
        ("", "", 3000, False),
        ("", "3001", 3001, False),
        ("3000", "3001", 3001, False),
        ("3001", "3001", 3001, False),
        ("8000", "3000", 8000, True),
    ],
    ids=["neither is set", "FLASK_RUN_PORT", "the PORT of .env.example", "both alike", "two ports"],
)
def test_the_printed_url_has_the_port_of_the_service(mongo, port, of_flask_run, printed, warned):
    arguments = ["import", "-", "--format", "openedx", "--owner", "alice"]
    with empty_database(mongo) as database:
        runner = create_app({"JWT_SECRET": SECRET, "PORT": port}, db=database).test_cli_runner()
        result = runner.invoke(args=arguments, input=written(VIEWING), env={"FLASK_RUN_PORT": of_flask_run})
    assert (
        f"in 1 session. While the service is running, open this page:\n\nhttp://localhost:{printed}/#" in result.stdout
    )
    assert ("`flask run` listens on port 3000" in result.stderr) == warned


def test_importing_a_log_without_its_format_suggests_the_option(client):
    result = client.app.test_cli_runner().invoke(args=["import", "-"], input=written(VIEWING))
    assert (result.exit_code, "give its --format" in result.stderr) == (1, True)


def test_an_import_does_not_restore_deleted_sessions(client):
    take(client, written(VIEWING))
    client.delete(f"/api/sessions/{sessions(client)[0]['id']}")
    result = take(client, written(VIEWING))
    assert (result.exit_code, "5 events of sessions that have been deleted" in result.stderr) == (0, True)
    assert sessions(client) == []


def test_the_url_printed_by_an_import_has_a_read_only_token(client):
    address = take(client, written(VIEWING)).stdout.split()[-1]
    reader = Client(client.app)
    reader.token = address.partition("#token=")[2]
    assert len(sessions(reader)) == 1
    assert reader.post("/api/sessions", {"title": "A"}).status_code == 403


def test_importing_a_log_requires_an_owner(client):
    result = client.app.test_cli_runner().invoke(args=["import", "-", "--format", "openedx"], input=b"")
    assert (result.exit_code, "--owner" in result.stderr) == (2, True)


def export(client, *arguments: str):
    result = client.app.test_cli_runner().invoke(args=["export", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


XAPI = ("--format", "xapi", "--length", "120", "--base", "https://lms.example")


@pytest.mark.parametrize("layout", ["lines", "a batch", "batches", "an array", "a document", "documents"])
def test_statements_from_stores_and_files_are_imported_and_exported_unchanged(client, layout):
    take(client, written(VIEWING))
    [session] = sessions(client)
    content = export(client, session["id"], *XAPI).stdout_bytes
    statements = list(map(json.loads, content.splitlines()))
    halves = [{"more": "/next", "statements": statements[:4]}, {"statements": statements[4:], "more": ""}]
    laid_out = {
        "lines": content,
        "a batch": json.dumps({"statements": statements}).encode(),
        "batches": "\n".join(map(json.dumps, halves)).encode(),
        "an array": json.dumps(statements).encode(),
        "a document": json.dumps({"statements": statements}, indent=2).encode(),
        "documents": "\n".join(json.dumps(each, indent=2) for each in statements).encode(),
    }[layout]
    result = take(client, laid_out, "xapi", "--keep-names")
    assert (result.exit_code, "could not" in result.stderr) == (0, False), result.output
    newest = next(each for each in sessions(client) if each["id"] != session["id"])
    assert export(client, newest["id"], *XAPI).stdout_bytes == content


def test_all_sessions_of_a_video_can_be_exported_at_once(client):
    others = [line("play_video", 0, user="bert", currentTime=0), line("load_video", 0, video="w")]
    take(client, written([*VIEWING, *others]))
    result = export(client, "--video", "v1", "--owner", "alice", "--format", "csv")
    head, *rows = result.stdout_bytes.decode().splitlines()
    assert head == "session,videoId,viewer,node,visit,from,to,startedAt,endedAt,rate"
    assert [row.split(",")[4:7] for row in rows] == [["1", "0.0", "10.0"], ["1", "60.0", "90.0"]]


def test_exporting_a_video_without_sessions_says_so(client):
    assert (
        "no session with this videoId" in export(client, "--video", "w", "--owner", "alice", "--format", "xapi").stderr
    )


@pytest.mark.parametrize("base", ["lms.example", "", "https://lms.example/#a", "https://a b"])
def test_the_base_of_the_ids_must_be_an_iri(client, base):
    result = client.app.test_cli_runner().invoke(args=["export", "x", "--format", "xapi", "--base", base])
    assert (result.exit_code, "must be an IRI" in result.stderr) == (2, True)


def test_statements_left_out_for_lack_of_a_length_are_counted(client):
    session_id = client.new_session()
    client.append(session_id, [{"type": "play", "timestamp": "2026-03-01T10:00:00Z", "data": {"position": 0}}])
    assert "2 statements left out" in export(client, session_id, "--format", "xapi").stderr


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@a", "\ta"])
def test_csv_cells_that_look_like_formulas_are_escaped(client, name):
    session = client.post("/api/sessions", {"title": "A", "metadata": {"viewerId": name}}).json
    events = [
        {"type": "play", "timestamp": "2026-03-01T10:00:00Z", "data": {"position": 0}},
        {"type": "pause", "timestamp": "2026-03-01T10:00:10Z", "data": {"position": 10}},
    ]
    client.append(session["id"], events)
    assert f",,'{name},," in export(client, session["id"], "--format", "csv").stdout


@pytest.mark.parametrize("arguments", [(), ("x", "--video", "v"), ("--video", "v"), ("--video", "v", "--owner", "a")])
def test_an_export_names_one_session_or_a_video_of_an_owner(client, arguments):
    assert client.app.test_cli_runner().invoke(args=["export", *arguments]).exit_code == 2


def test_quotes_from_a_damaged_document_cannot_control_the_terminal(client):
    pytest.importorskip("ijson")
    result = take(client, b'[{"a": 1}, \x1b]0;gone\x07]', "xapi")
    assert result.exit_code == 1
    assert "damaged" in result.output
    assert not {"\x1b", "\x07"} & set(result.output)
