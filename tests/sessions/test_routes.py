"""The four operations that the service was ordered with, as a client sees them."""

import re

PLAY = {"type": "play", "timestamp": "2026-03-01T10:00:00.000Z", "data": {"position": 0}}


def test_a_new_session_answers_with_exactly_the_ordered_fields(client):
    answer = client.post("/api/sessions", {"title": "Film", "description": "A branching one"})
    assert answer.status_code == 201
    assert set(answer.json) == {"id", "title", "description", "createdAt"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer.json["createdAt"])


def test_an_event_is_answered_with_its_id_and_what_was_sent(client):
    answer = client.append(client.new_session(), PLAY)
    assert answer.status_code == 201
    assert answer.json == PLAY | {"eventId": answer.json["eventId"]}


def test_a_session_is_read_with_its_events_in_order_of_their_instants_then_of_arrival(client):
    session_id = client.new_session(title="Film", description="")
    stamps = ["2026-03-01T10:00:02Z", "2026-03-01T11:00:01+01:00", "2026-03-01T10:00:01.000000Z"]
    for place, stamp in enumerate(stamps):
        client.append(session_id, {"type": f"event {place}", "timestamp": stamp})
    answer = client.get(f"/api/sessions/{session_id}")
    assert answer.status_code == 200
    assert set(answer.json) == {"id", "title", "description", "events"}
    assert [event["type"] for event in answer.json["events"]] == ["event 1", "event 2", "event 0"]


def test_deleting_says_so_and_the_session_is_gone(client):
    session_id = client.new_session()
    answer = client.delete(f"/api/sessions/{session_id}")
    assert (answer.status_code, answer.json) == (200, {"message": "Session deleted successfully."})
    assert client.get(f"/api/sessions/{session_id}").status_code == 404
