"""Many events in one request: all are stored, or every error of each is reported."""

import json

import pytest

STAMP = "2026-03-01T10:00:00.000Z"
NDJSON = "application/x-ndjson"


@pytest.fixture
def app(shared_app):
    return shared_app


def event(number: int = 0, **fields) -> dict:
    return {"type": "ping", "timestamp": STAMP, "data": {"number": number}} | fields


def lines(*values) -> bytes:
    return b"\n".join(value if isinstance(value, bytes) else json.dumps(value).encode() for value in values)


def append_lines(client, session_id: str, body: bytes):
    return client.post(f"/api/sessions/{session_id}/events", body, content_type=NDJSON)


def stored(client, session_id: str) -> list[dict]:
    return client.get(f"/api/sessions/{session_id}").json["events"]


def pointers(answer) -> list[str]:
    return [fault["pointer"] for fault in answer.json["errors"]]


def test_an_array_of_events_is_returned_and_stored_in_order(client):
    session_id = client.new_session()
    sent = [event(number) for number in range(1000)]
    answer = client.append(session_id, sent)
    assert answer.status_code == 201
    assert [{**each, "eventId": None} for each in answer.json["events"]] == [{**each, "eventId": None} for each in sent]
    assert stored(client, session_id) == answer.json["events"]
    assert answer.headers["Location"] == f"/api/sessions/{session_id}/events"


def test_ndjson_is_treated_like_an_array_and_blank_lines_are_ignored(client):
    session_id = client.new_session()
    answer = append_lines(client, session_id, b"\r\n" + lines(event(0), b" \t", event(1)) + b"\r\n\n")
    assert answer.status_code == 201
    assert [each["data"] for each in answer.json["events"]] == [{"number": 0}, {"number": 1}]
    assert stored(client, session_id) == answer.json["events"]


FAULTY = [event(), event(type=""), "no object", event(timestamp="yesterday", data={"a": [2**63]}, other=1), {}]
FAULTS = {"/1/type", "/2", "/3/timestamp", "/3/data/a/0", "/3/other", "/4/type", "/4/timestamp"}


@pytest.mark.parametrize("form", ["array", "lines"])
def test_every_error_of_every_event_is_reported_with_its_pointer_and_nothing_is_stored(client, form):
    session_id = client.new_session()
    answer = client.append(session_id, FAULTY) if form == "array" else append_lines(client, session_id, lines(*FAULTY))
    assert answer.status_code == 422
    assert set(pointers(answer)) == FAULTS
    assert len(pointers(answer)) == len(FAULTS)
    assert stored(client, session_id) == []


def test_of_many_errors_in_a_batch_the_first_hundred_are_listed_and_the_others_counted(client):
    answer = client.append(client.new_session(), [event(type="")] * 107)
    assert answer.status_code == 422
    assert pointers(answer) == [f"/{place}/type" for place in range(100)]
    assert answer.json["errorsOmitted"] == 7


HUGE = json.dumps(event(data={"text": "x" * 1024 * 1024})).encode()
DEEP = b'{"type": "a", "timestamp": "2026-03-01T10:00:00Z", "data": ' + b'{"a":' * 2000 + b"1" + b"}" * 2001


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"[]", ""),
        (json.dumps([event()] * 1001).encode(), ""),
        (b"", ""),
        (b" \n\r\n", ""),
        (lines(*[event()] * 1001), ""),
        (lines(event(), HUGE), "/1"),
        (lines(event(), DEEP), "/1/data" + "/a" * 64),
        (lines(event(), [event()]), "/1"),
    ],
    ids=["empty array", "array of 1001", "empty", "blank", "1001 lines", "an event above 1 MiB", "too deep", "nested"],
)
def test_batches_and_events_out_of_bounds_are_rejected_at_their_pointers(client, body, pointer):
    session_id = client.new_session()
    answer = client.append(session_id, body) if body[:1] == b"[" else append_lines(client, session_id, body)
    assert answer.status_code == 422
    assert pointers(answer) == [pointer]
    assert stored(client, session_id) == []


@pytest.mark.parametrize("line", [b"{", b"{} {}", b"\xff", b"NaN", b'{"type": 1e}', b"\xef\xbb\xbf{}"])
def test_a_line_that_is_not_json_is_reported_with_its_number(client, line):
    answer = append_lines(client, client.new_session(), lines(event(), b"", line))
    assert answer.status_code == 400
    assert "Line 1, counted from 0" in answer.json["detail"]


@pytest.mark.processes
def test_an_ndjson_body_may_have_eight_mebibytes_and_no_more(client):
    session_id = client.new_session()
    body = lines(*[event(data={"text": "x" * 1_000_000})] * 8)
    fill = 8 * 1024 * 1024 - len(body)
    assert append_lines(client, session_id, body + b"\n" * fill).status_code == 201
    assert append_lines(client, session_id, body + b"\n" * (fill + 1)).status_code == 413
    assert len(stored(client, session_id)) == 8


def test_only_the_append_operation_accepts_ndjson(client):
    answer = client.post("/api/sessions", b'{"title": "A"}', content_type=NDJSON)
    assert answer.status_code == 415
