"""Requests with an Idempotency-Key: sent any number of times, done once; another request with the key is rejected."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.client import Client
from tests.databases import WRITE_CONCERN_FAILED, failing
from tests.service import SECRET
from videosession import instants
from videosession.app import create_app
from videosession.services import services_of
from videosession.sessions.removal import TOMBSTONE_KEPT_SECONDS, Removal

STAMP = "2026-03-01T10:00:00.000Z"
NDJSON = "application/x-ndjson"


@pytest.fixture
def app(shared_app):
    return shared_app


def event(number: float = 0, **fields) -> dict:
    return {"type": "ping", "timestamp": STAMP, "data": {"number": number}} | fields


def post(client, path: str, body, key: str = "key", **options):
    return client.post(path, body, headers={"Idempotency-Key": key}, **options)


def append(client, session_id: str, body, key: str = "key", **options):
    return post(client, f"/api/sessions/{session_id}/events", body, key, **options)


def stored(client, session_id: str) -> list[dict]:
    return client.get(f"/api/sessions/{session_id}").json["events"]


BODIES = {
    "one": event(),
    "an array of one": [event()],
    "an array": [event(number) for number in range(5)],
    "with an id": [event(0), event(1, eventId="x"), event(2)],
    "ids alone": [event(0, eventId="x"), event(1, eventId="y")],
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_events_sent_again_under_a_key_are_stored_once_with_the_same_answer(client, body):
    session_id = client.new_session()
    first, second, third = (append(client, session_id, body) for _ in range(3))
    assert first.status_code == second.status_code == third.status_code == 201
    assert first.json == second.json == third.json
    assert first.headers["Location"] == second.headers["Location"]
    assert stored(client, session_id) == first.json.get("events", [first.json])


def test_ndjson_and_an_array_with_the_same_events_are_the_same_request(client):
    session_id = client.new_session()
    lines = b'{"type": "a", "timestamp": "2026-03-01T10:00:00Z"}\n{"type": "b", "timestamp": "2026-03-01T10:00:00Z"}'
    first = append(client, session_id, lines, content_type=NDJSON)
    second = append(client, session_id, b"[" + lines.replace(b"\n", b",") + b"]")
    assert (second.status_code, second.json) == (201, first.json)


OTHERS = {
    "another type": [event(0, type="pong"), event(1)],
    "other data": [event(0), event(2)],
    "a number of another kind": [event(0), event(1.0)],
    "fewer": [event(0)],
    "one": event(0),
    "more": [event(0), event(1), event(2)],
    "another order": [event(1), event(0)],
    "an id": [event(0), event(1, eventId="x")],
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_other_events_under_a_used_key_are_rejected_and_not_stored(client, other):
    session_id = client.new_session()
    first = append(client, session_id, [event(0), event(1)])
    answer = append(client, session_id, other)
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json["errors"][0]["detail"]
    assert stored(client, session_id) == first.json["events"]


def test_a_key_is_valid_only_for_its_owner_and_its_session(client, stranger):
    answers = [append(asker, asker.new_session(), event()) for asker in (client, client, stranger)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["eventId"] for answer in answers}) == 3


def test_for_an_event_with_an_event_id_the_key_does_not_matter(client):
    session_id = client.new_session()
    client.append(session_id, event(1, eventId="x"))
    taken = append(client, session_id, [event(0), event(2, eventId="x")])
    assert (taken.status_code, taken.json["errors"][0]["pointer"]) == (409, "/1/eventId")
    assert len(stored(client, session_id)) == 1, "nothing of a refused batch is stored"
    for key in ("key", "another"):
        assert append(client, session_id, event(1, eventId="x"), key).status_code == 201
    assert len(stored(client, session_id)) == 1


def test_an_event_stored_under_a_key_can_be_sent_again_with_its_event_id(client):
    session_id = client.new_session()
    answered = append(client, session_id, event()).json
    assert client.append(session_id, answered).json == answered
    assert client.append(session_id, answered | {"type": "other"}).status_code == 409
    assert stored(client, session_id) == [answered]


def test_a_partially_stored_batch_is_completed_by_a_retry(client):
    session_id, body = client.new_session(), [event(number) for number in range(10)]
    first = append(client, session_id, body)
    ids = [f"{session_id}:{each['eventId']}" for each in first.json["events"]]
    services_of(client.app).database.events.delete_many({"_id": {"$in": ids[1:3] + ids[6:]}})
    assert append(client, session_id, body[:9]).status_code == 422
    second = append(client, session_id, body)
    assert (second.status_code, second.json) == (201, first.json)
    assert sorted(each["eventId"] for each in stored(client, session_id)) == sorted(i.split(":")[1] for i in ids)


def test_of_two_simultaneous_bodies_under_a_key_one_is_stored(client):
    session_id = client.new_session()
    bodies = [[event(100 * body + number) for number in range(20)] for body in range(2)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda body: append(client, session_id, body), bodies * 8))
    by_body = [{answer.status_code for answer in answers[body::2]} for body in range(2)]
    assert sorted(map(sorted, by_body)) == [[201], [422]]
    winner = bodies[by_body.index({201})]
    assert [each["data"] for each in stored(client, session_id)] == [each["data"] for each in winner]


FILM = {"title": "Film", "description": "Long", "videoId": "v", "metadata": {"a": 1, "b": {"c": 2}}}


def test_creating_a_session_again_under_its_key_returns_the_first_one(client):
    key = f"key {client.new_session()}"
    answers = [
        post(client, "/api/sessions", body, key) for body in (FILM, FILM | {"metadata": {"b": {"c": 2}, "a": 1}})
    ]
    assert {answer.status_code for answer in answers} == {201}
    assert answers[0].json == answers[1].json
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    ids = [session["id"] for session in client.get("/api/sessions?limit=200").json["sessions"]]
    assert ids.count(answers[0].json["id"]) == 1


def test_two_owners_may_use_the_same_key(client, stranger):
    key = f"key {client.new_session()}"
    answers = [post(asker, "/api/sessions", FILM, key) for asker in (client, stranger, client)]
    assert {answer.status_code for answer in answers} == {201}
    assert answers[0].json["id"] == answers[2].json["id"] != answers[1].json["id"]


@pytest.mark.parametrize("change", [{"title": "Other"}, {"description": ""}, {"metadata": {"a": 1.0, "b": {"c": 2}}}])
def test_another_session_under_a_used_key_is_rejected(client, change):
    key = f"key {client.new_session()}"
    post(client, "/api/sessions", FILM, key)
    assert post(client, "/api/sessions", FILM | change, key).status_code == 422


def test_creating_a_session_again_returns_it_as_first_created_despite_later_changes(client):
    key = f"key {client.new_session()}"
    first = post(client, "/api/sessions", FILM, key)
    changes = {"$set": {"title": "Other", "version": 2}, "$unset": {"metadata": 1}}
    services_of(client.app).database.sessions.update_one({"_id": first.json["id"]}, changes)
    assert post(client, "/api/sessions", FILM, key).json == first.json


def test_of_two_simultaneous_sessions_under_a_key_one_is_created(client):
    key = f"key {client.new_session()}"
    with ThreadPoolExecutor(8) as threads:
        sent = [FILM, FILM | {"title": "Other"}] * 8
        answers = list(threads.map(lambda body: post(client, "/api/sessions", body, key), sent))
    by_body = [{answer.status_code for answer in answers[body::2]} for body in range(2)]
    assert sorted(map(sorted, by_body)) == [[201], [422]]
    assert len({answer.json["id"] for answer in answers if answer.status_code == 201}) == 1


def test_the_key_of_a_deleted_session_is_rejected_while_its_tombstone_exists(db):
    client = Client(create_app({"JWT_SECRET": SECRET}, db=db, deadline_seconds=60))  # a sweep of its own sessions only
    key = f"key {client.new_session()}"
    first = post(client, "/api/sessions", FILM, key)
    append(client, first.json["id"], event(), key)
    client.delete(first.headers["Location"])
    assert post(client, "/api/sessions", FILM, key).status_code == 409
    assert append(client, first.json["id"], event(), key).status_code == 404
    later = TOMBSTONE_KEPT_SECONDS * instants.SECOND + instants.SECOND
    Removal(services_of(client.app).database, lambda: instants.now() + later).sweep()
    assert post(client, "/api/sessions", FILM, key).json["id"] == first.json["id"]
    assert stored(client, first.json["id"]) == []


@pytest.mark.parametrize(("length", "status"), [(0, 400), (1, 201), (255, 201), (256, 400)])
def test_a_key_has_1_to_255_characters(client, length, status):
    session_id = client.new_session()
    assert append(client, session_id, event(), "k" * length).status_code == status
    assert (
        post(client, "/api/sessions", {"title": session_id}, session_id[:8].ljust(length, "k")[:length]).status_code
        == status
    )


def test_a_duplicate_under_a_key_is_acknowledged_only_if_its_write_is_durable(client, mongo):
    key = f"key {client.new_session()}"
    session_id = post(client, "/api/sessions", FILM, key).json["id"]
    append(client, session_id, [event(0), event(1)])
    with failing(mongo, "insert", times=2, **WRITE_CONCERN_FAILED):
        assert post(client, "/api/sessions", FILM, key).status_code == 503
    with failing(mongo, "update", times=1, **WRITE_CONCERN_FAILED):
        assert append(client, session_id, [event(0), event(1)]).status_code == 503
    assert append(client, session_id, [event(0), event(1)]).status_code == 201
