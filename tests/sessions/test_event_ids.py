"""Events with an eventId: sent any number of times, stored once; another event with the same id is rejected."""

from concurrent.futures import ThreadPoolExecutor

import pymongo
import pytest

from tests.databases import WRITE_CONCERN_FAILED, failing
from videosession import instants
from videosession.database import Database
from videosession.errors import Conflict
from videosession.services import services_of
from videosession.sessions.repository import SessionRepository
from videosession.sessions.schemas import NewEvent

STAMP = "2026-03-01T10:00:00.000Z"


@pytest.fixture
def app(shared_app):
    return shared_app


def event(event_id: str, **fields) -> dict:
    return {"eventId": event_id, "type": "ping", "timestamp": STAMP, "data": {"position": 1}} | fields


def stored(client, session_id: str) -> dict:
    """The stored events by their ids; more than one with the same id would not fit."""
    events = client.get(f"/api/sessions/{session_id}").json["events"]
    by_id = {each["eventId"]: each for each in events}
    assert len(by_id) == len(events)
    return by_id


def conflicts(answer) -> list[str]:
    assert answer.status_code == 409
    return [fault["pointer"] for fault in answer.json["errors"]]


@pytest.mark.parametrize("event_id", ["a", "A-z_0.9~:", "x" * 64, "...", "-", "0123456789abcdef" * 4])
def test_an_event_id_from_the_client_is_kept(client, event_id):
    session_id = client.new_session()
    answer = client.append(session_id, event(event_id))
    assert (answer.status_code, answer.json) == (201, event(event_id))
    assert answer.headers["Location"].endswith(f"/events/{event_id}")
    assert stored(client, session_id) == {event_id: event(event_id)}


@pytest.mark.parametrize("event_id", ["", ".", "..", "x" * 65, "a/b", "a b", "a\n", "ä", "١", "a%", None, 7])
def test_a_malformed_event_id_is_rejected(client, event_id):
    answer = client.append(client.new_session(), event(event_id))
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json["errors"]] == ["/eventId"]


AGAIN = {
    "the same": {},
    "keys in another order": {"data": {"b": {"d": 1, "c": 2}, "a": [1, 1.0, True, None, "$ref"]}},
    "a number written otherwise": {"data": {"a": [1, 1.00, True, None, "$ref"], "b": {"c": 2, "d": 1}}},
}
OTHER = {
    "another type": {"type": "pong"},
    "another writing of the instant": {"timestamp": "2026-03-01T10:00:00.0Z"},
    "a number of another kind": {"data": {"a": [1.0, 1.0, True, None, "$ref"], "b": {"c": 2, "d": 1}}},
    "true for 1": {"data": {"a": [True, 1.0, True, None, "$ref"], "b": {"c": 2, "d": 1}}},
    "no data": {"data": {}},
}
FIRST = {"data": {"a": [1, 1.0, True, None, "$ref"], "b": {"c": 2, "d": 1}}}


@pytest.mark.parametrize("change", AGAIN.values(), ids=AGAIN)
@pytest.mark.parametrize("form", ["one", "array"])
def test_an_event_sent_again_is_stored_once_with_the_same_answer(client, change, form):
    session_id = client.new_session()
    sent, again = event("x", **FIRST), event("x", **(FIRST | change))
    first = client.append(session_id, sent if form == "one" else [sent, event("y")])
    second = client.append(session_id, again if form == "one" else [again, event("y")])
    assert (second.status_code, second.json) == (201, first.json)
    assert stored(client, session_id)["x"] == sent


def test_missing_data_equals_an_empty_object(client):
    session_id = client.new_session()
    for sent in ({"data": {}}, {}):
        answer = client.append(session_id, {"eventId": "x", "type": "ping", "timestamp": STAMP} | sent)
        assert answer.status_code == 201


def test_data_that_looks_like_a_dbref_is_compared_as_sent(client):
    session_id = client.new_session()
    sent = event("x", data={"a": {"$ref": "b", "$id": 1, "$db": None}})
    assert client.append(session_id, sent).json == client.append(session_id, sent).json == sent
    assert conflicts(client.append(session_id, event("x", data={"a": {"$ref": "b", "$id": 1}}))) == ["/eventId"]


@pytest.mark.parametrize("change", OTHER.values(), ids=OTHER)
def test_other_content_with_an_existing_event_id_is_rejected_and_nothing_is_stored(client, change):
    session_id = client.new_session()
    client.append(session_id, event("x", **FIRST))
    other = event("x", **(FIRST | change))
    assert conflicts(client.append(session_id, other)) == ["/eventId"]
    assert conflicts(client.append(session_id, [event("new"), other, event("newer"), other])) == [
        "/1/eventId",
        "/3/eventId",
    ]
    assert stored(client, session_id) == {"x": event("x", **FIRST)}


def test_event_ids_are_unique_within_a_session_only(client, stranger):
    first, second, third = client.new_session(), client.new_session(), stranger.new_session()
    assert client.append(first, event("x")).status_code == 201
    assert client.append(second, event("x", type="other")).status_code == 201
    assert stranger.append(third, event("x", type="another")).status_code == 201


def test_an_event_twice_in_a_request_is_stored_once_and_returned_twice(client):
    session_id = client.new_session()
    sent = [event("x"), event("y"), event("x")]
    answer = client.append(session_id, sent)
    assert (answer.status_code, answer.json["events"]) == (201, sent)
    assert stored(client, session_id) == {"x": event("x"), "y": event("y")}


def test_an_event_id_twice_in_a_request_with_other_content_is_reported_with_the_other_errors(client):
    answer = client.append(client.new_session(), [event("x"), event("x", type="other"), event("y", timestamp=1)])
    assert answer.status_code == 422
    assert {fault["pointer"] for fault in answer.json["errors"]} == {"/1/eventId", "/2/timestamp"}


def test_a_deleted_session_does_not_reveal_its_event_ids(client):
    stored_events = services_of(client.app).database.events
    session_id = client.new_session()
    many = [event(f"x{number}") for number in range(200)]
    client.append(session_id, many)
    left_over = list(stored_events.find({"session": session_id}))
    client.delete(f"/api/sessions/{session_id}")
    stored_events.insert_many(left_over)  # as while a long session is being deleted
    services_of(client.app).sessions._appends._seen.see(session_id, 1)  # as in a worker that saw it alive
    for sent in (event("x0", type="other"), event("x0"), many, [each | {"type": "other"} for each in many]):
        assert client.append(session_id, sent).status_code == 404


@pytest.mark.processes
def test_one_event_id_from_eight_threads_is_stored_once_with_equal_answers(client):
    session_id = client.new_session()
    sent = [event(f"id{number}", data={"number": number}) for number in range(50)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda each: client.append(session_id, each), sent * 8))
    assert {answer.status_code for answer in answers} == {201}
    assert [answer.json for answer in answers] == sent * 8
    assert stored(client, session_id) == {each["eventId"]: each for each in sent}


@pytest.mark.processes
def test_overlapping_batches_in_opposite_order_both_succeed_and_are_stored_once(client):
    session_id = client.new_session()
    sent = [event(f"id{number}", data={"number": number}) for number in range(200)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda batch: client.append(session_id, batch), [sent, sent[::-1]] * 4))
    assert {answer.status_code for answer in answers} == {201}
    assert stored(client, session_id) == {each["eventId"]: each for each in sent}


class Crossing(pymongo.collection.Collection):
    """Events beside their sessions; something else happens once, right after a request has searched them."""

    meanwhile = None

    def find(self, *arguments, **options):
        if not self.meanwhile:
            return super().find(*arguments, **options)
        found = list(super().find(*arguments, **options))
        happen, self.meanwhile = self.meanwhile, None
        happen()
        return found


@pytest.fixture
def crossing(db, monkeypatch) -> Crossing:
    events = Crossing(db, "events", write_concern=pymongo.WriteConcern("majority", j=True))
    monkeypatch.setattr(Database, "events", events)
    return events


@pytest.mark.parametrize("recent_bytes", [16_000, 0], ids=["taken in the session", "taken beside it"])
def test_an_event_id_taken_during_the_request_is_rejected_and_acknowledged_events_stay(db, crossing, recent_bytes):
    database = Database(str, db, deadline_seconds=60)
    large, other = (SessionRepository(database, instants.now, bound) for bound in (0, recent_bytes))
    session_id = large.create(owner="alice", title="", description="")["_id"]

    def append(sessions, *events):
        return sessions.append(session_id, NewEvent().load(list(events), many=True), owner="alice")

    crossing.meanwhile = lambda: append(other, event("y", type="other"), event("z"))
    with pytest.raises(Conflict) as caught:
        append(large, event("x"), event("y"), event("z"))
    assert [fault.pointer for fault in caught.value.faults] == ["/1/eventId"]
    kept = {each["eventId"]: each["type"] for batch in large.read(session_id, owner="alice").events for each in batch}
    assert kept | {"x": "ping"} == {"x": "ping", "y": "other", "z": "ping"}


PLACES = {"one": event("x"), "array": [event("x"), event("y")], "beside": [event(f"{n}") for n in range(200)]}


@pytest.mark.parametrize("sent", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("passing", [0, 1], ids=["the first write", "the last"])
def test_an_existing_event_is_acknowledged_only_if_its_write_is_durable(client, mongo, sent, passing):
    session_id = client.new_session()
    assert client.append(session_id, sent).status_code == 201
    with failing(mongo, "update", mode={"skip": passing}, **WRITE_CONCERN_FAILED):
        answer = client.append(session_id, sent)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert client.append(session_id, sent).status_code == 201


def test_a_moved_event_is_acknowledged_only_if_its_write_is_durable(client, mongo):
    session_id, many = client.new_session(), PLACES["beside"]
    client.append(session_id, many)
    for sent in (many, many[0]):
        with failing(mongo, "insert", times=2, **WRITE_CONCERN_FAILED):
            assert client.append(session_id, sent).status_code == 503
        assert client.append(session_id, sent).status_code == 201
