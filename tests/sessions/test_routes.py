"""The four basic operations, as a client sees them."""

import re

PLAY = {"type": "play", "timestamp": "2026-03-01T10:00:00.000Z", "data": {"position": 0}}


def test_creating_a_session_returns_exactly_the_specified_fields(client):
    answer = client.post("/api/sessions", {"title": "Film", "description": "A branching one"})
    assert answer.status_code == 201
    assert set(answer.json) == {"id", "title", "description", "createdAt"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer.json["createdAt"])


def test_an_appended_event_is_returned_with_its_id(client):
    answer = client.append(client.new_session(), PLAY)
    assert answer.status_code == 201
    assert answer.json == PLAY | {"eventId": answer.json["eventId"]}


def test_a_session_is_returned_with_its_events_ordered_by_timestamp_then_arrival(client):
    session_id = client.new_session(title="Film", description="")
    stamps = ["2026-03-01T10:00:02Z", "2026-03-01T11:00:01+01:00", "2026-03-01T10:00:01.000000Z"]
    for place, stamp in enumerate(stamps):
        client.append(session_id, {"type": f"event {place}", "timestamp": stamp})
    answer = client.get(f"/api/sessions/{session_id}")
    assert answer.status_code == 200
    assert set(answer.json) == {"id", "title", "description", "events"}
    assert [event["type"] for event in answer.json["events"]] == ["event 1", "event 2", "event 0"]


def test_a_deletion_is_confirmed_and_the_session_is_gone(client):
    session_id = client.new_session()
    answer = client.delete(f"/api/sessions/{session_id}")
    assert (answer.status_code, answer.json) == (200, {"message": "Session deleted successfully."})
    assert client.get(f"/api/sessions/{session_id}").status_code == 404
