"""Reading events: page by page, one by one, or all that match as lines."""

import json

import pymongo
import pytest

from tests.client import Client
from tests.databases import Finds, winning_plan
from tests.service import SECRET
from videosession.app import create_app
from videosession.services import services_of

NDJSON = "application/x-ndjson"


@pytest.fixture
def app(shared_app):
    return shared_app


def fill(client, stamps, session_id: str | None = None) -> str:
    """Append an event for each instant, in this order, and return the session; an event's id has its number."""
    session_id = session_id or client.new_session()
    events = [
        {"eventId": f"id{number}", "type": "odd" if number % 2 else "even", "timestamp": stamp, "data": {"n": number}}
        for number, stamp in enumerate(stamps)
    ]
    assert client.append(session_id, events).status_code == 201
    return session_id


def second(number: int) -> str:
    return f"2026-03-01T10:00:{number:02}Z"


def numbers(events) -> list[int]:
    return [event["data"]["n"] for event in events]


def page(client, session_id: str, query: str = ""):
    answer = client.get(f"/api/sessions/{session_id}/events?{query}")
    assert answer.status_code == 200, answer.text
    return answer


def walk(client, session_id: str, query: str = "") -> list[list[int]]:
    """Follow the Link headers from page to page, and return the events' numbers."""
    path, found = f"/api/sessions/{session_id}/events?{query}", []
    while path:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        found.append(numbers(answer.json["events"]))
        path = answer.headers.get("Link", "").removeprefix("<").removesuffix('>; rel="next"')
        assert ("next" in answer.json) == bool(path)
        assert len(found) < 100, "the walk does not end"
    return found


def stream(client, session_id: str, query: str = "", accept: str = NDJSON):
    return client.get(f"/api/sessions/{session_id}/events?{query}", headers={"Accept": accept})


@pytest.mark.parametrize(
    ("query", "sizes"),
    [("", [7]), ("limit=7", [7]), ("limit=6", [6, 1]), ("limit=2", [2, 2, 2, 1]), ("limit=1000", [7])],
)
def test_paging_returns_every_event_once_in_the_order_of_the_whole_session(client, query, sizes):
    session_id = fill(client, [second(number) for number in (5, 1, 3, 3, 3, 2, 3)])
    pages = walk(client, session_id, query)
    assert [len(each) for each in pages] == sizes
    assert sum(pages, []) == [1, 5, 2, 3, 4, 6, 0]
    assert sum(pages, []) == numbers(client.get(f"/api/sessions/{session_id}").json["events"])


def test_a_page_has_a_hundred_events_by_default(client):
    session_id = fill(client, [second(number % 60) for number in range(101)])
    assert [len(each) for each in walk(client, session_id)] == [100, 1]


def test_an_event_on_a_page_is_as_it_was_returned_on_append(client):
    session_id = client.new_session()
    sent = {"type": "a", "timestamp": "2026-03-01t10:00:00.123456789z", "data": {"x": {"$ref": "y", "$id": 1}}}
    answered = client.append(session_id, sent).json
    assert page(client, session_id).json == {"events": [answered]}
    assert client.get(f"/api/sessions/{session_id}/events/{answered['eventId']}").json == answered
    assert json.loads(stream(client, session_id).data) == answered


def test_an_empty_session_has_one_empty_page_and_no_lines(client):
    session_id = client.new_session()
    assert page(client, session_id).json == {"events": []}
    assert stream(client, session_id).data == b""


def test_events_of_one_instant_are_paged_once_each_while_others_arrive(client):
    """Events that arrive before the cursor's place are not seen, those behind it are."""
    session_id = fill(client, [second(2)] * 20 + [second(3)] * 20)
    seen, cursor, late = [], None, 1000
    while cursor or not seen:
        answer = page(client, session_id, f"limit=3&cursor={cursor}" if cursor else "limit=3").json
        seen += numbers(answer["events"])
        cursor = answer.get("next")
        for stamp in (second(1), second(2), second(4)) if late < 1012 else ():
            client.append(session_id, {"type": "late", "timestamp": stamp, "data": {"n": late}})
            late += 1
    assert len(seen) == len(set(seen))
    assert [number for number in seen if number < 1000] == list(range(40))
    assert {number for number in seen if number >= 1000} >= {1002, 1005, 1008, 1011}  # those at second(4)
    assert not {number for number in seen if number >= 1000} & {1000, 1003, 1006, 1009}  # those at second(1)


FILTERS = {
    "type=odd": [1, 3, 5],
    "type=od": [],
    f"from={second(3)}": [3, 4, 5],
    f"to={second(3)}": [0, 1, 2],
    f"from={second(1)}&to={second(4)}": [1, 2, 3],
    f"from={second(3)}&to={second(3)}": [],
    "from=2026-03-01T11:00:03%2B01:00": [3, 4, 5],
    "from=2026-03-01T10:00:03.0000019Z": [4, 5],
    f"type=even&from={second(1)}&to={second(5)}": [2, 4],
    "to=1969-12-31T23:59:59Z": [],
}


@pytest.mark.parametrize(("query", "expected"), FILTERS.items(), ids=FILTERS)
def test_filters_apply_to_every_page_and_to_ndjson(client, query, expected):
    session_id = fill(client, [second(number) for number in range(6)])
    assert numbers(page(client, session_id, query).json["events"]) == expected
    assert sum(walk(client, session_id, f"{query}&limit=1"), []) == expected
    assert numbers(map(json.loads, stream(client, session_id, query).data.splitlines())) == expected


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("type=rare", "session_type_order"),
        ("type=rare&from=2026-03-01T10:00:01Z&to=2026-03-01T10:00:50Z", "session_type_order"),
        ("from=2026-03-01T10:00:01Z&to=2026-03-01T10:00:50Z", "session_order"),
    ],
)
def test_a_page_of_a_long_session_is_read_from_the_index_of_its_filters(mongo_uri, db, query, index):
    finds = Finds("events")
    with pymongo.MongoClient(mongo_uri, event_listeners=[finds]) as watched:
        app = create_app({"JWT_SECRET": SECRET}, db=watched[db.name])
        services_of(app).database.create_indexes()
        client = Client(app)
        session_id = client.new_session()
        filler = {"text": "x" * 1000}
        events = [{"type": "play", "timestamp": second(number), "data": filler} for number in range(30)]
        assert client.append(session_id, [*events, {"type": "rare", "timestamp": second(40)}]).status_code == 201
        finds.seen.clear()
        assert client.get(f"/api/sessions/{session_id}/events?{query}").status_code == 200
    plans = [winning_plan(db, find) for find in finds.seen]
    assert plans
    assert [plan for plan in plans if index not in plan or "COLLSCAN" in plan] == []


def test_a_cursor_is_valid_only_for_its_own_list(client):
    first, another = (fill(client, map(second, range(3))) for _ in range(2))
    cursor = page(client, first, "limit=1").json["next"]
    assert numbers(page(client, first, f"cursor={cursor}").json["events"]) == [1, 2]
    for path in (f"/api/sessions/{another}/events", "/api/sessions"):
        answer = client.get(f"{path}?cursor={cursor}")
        assert answer.status_code == 400
        assert "'cursor': must be the `next` of a previous page" in answer.json["detail"]


def test_a_cursor_includes_its_filters_for_ndjson_too(client):
    session_id = fill(client, [second(number) for number in range(10)])
    cursor = page(client, session_id, "type=odd&limit=2").json["next"]
    assert numbers(page(client, session_id, f"cursor={cursor}").json["events"]) == [5, 7, 9]
    assert numbers(page(client, session_id, f"type=odd&cursor={cursor}").json["events"]) == [5, 7, 9]
    assert numbers(map(json.loads, stream(client, session_id, f"cursor={cursor}").data.splitlines())) == [5, 7, 9]
    other = client.get(f"/api/sessions/{session_id}/events?type=even&cursor={cursor}")
    assert other.status_code == 400


REFUSED = {
    "limit=0": "from 1 to 1000",
    "limit=1001": "from 1 to 1000",
    "limit=1&limit=1": "only once",
    "types=odd": "is not a known parameter",
    "type=": "'type'",
    "type=" + "x" * 101: "'type'",
    "type=%00%FF": "UTF-8",
    "from=yesterday": "'from'",
    "from=2026-03-01T10:00:00": "'from'",
    "from=": "'from'",
    "from=2026-03-01T10:00:00+01:00": "encoded as %2B",
    "to=2026-03-01T10:00:00 01:00": "encoded as %2B",
    "from=2026-03-01T10:00:01Z&to=2026-03-01T11:00:00%2B01:00": "'from': must not be after 'to'",
    "cursor=x": "'cursor'",
    "cursor=": "'cursor'",
    "limit=x&from=y": "'limit'",
}


@pytest.mark.parametrize(("query", "told"), REFUSED.items(), ids=REFUSED)
@pytest.mark.parametrize("accept", ["*/*", NDJSON])
def test_an_invalid_query_parameter_is_rejected_with_a_helpful_message(client, query, told, accept):
    answer = stream(client, "0" * 32, query, accept)
    assert answer.status_code == 400
    assert told in answer.json["detail"]


def test_ndjson_has_no_limit_of_events(client):
    answer = stream(client, client.new_session(), "limit=5")
    assert (answer.status_code, "'limit'" in answer.json["detail"]) == (400, True)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/json"),
        ("text/html", "application/json"),
        ("application/json, application/x-ndjson;q=0.5", "application/json"),
        ("application/x-ndjson", NDJSON),
        ("application/x-ndjson, */*;q=0.1", NDJSON),
    ],
)
def test_ndjson_is_sent_only_if_the_accept_header_prefers_it(client, accept, content_type):
    answer = stream(client, client.new_session(), accept=accept)
    assert (answer.status_code, answer.content_type, answer.headers["Vary"]) == (200, content_type, "Accept")


@pytest.mark.parametrize("path", ["/events", "/events?type=odd", "/events/id0"])
@pytest.mark.parametrize("accept", ["*/*", NDJSON])
def test_events_of_missing_and_other_owners_sessions_are_not_found(client, stranger, path, accept):
    session_id = fill(client, [second(1)])
    client.delete(f"/api/sessions/{(deleted := fill(client, [second(1)]))}")
    answers = [
        stranger.get(f"/api/sessions/{session_id}{path}", headers={"Accept": accept}),
        *(client.get(f"/api/sessions/{other}{path}", headers={"Accept": accept}) for other in (deleted, "0" * 32, "x")),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json["detail"] for answer in answers}) == 1


@pytest.mark.parametrize("event_id", ["id1", "ID0", "id0%20", "%00", "%FF", "id0:", "x" * 300, "$gt"])
def test_a_missing_event_is_answered_with_404(client, event_id):
    session_id = fill(client, [second(1)])
    assert client.get(f"/api/sessions/{session_id}/events/{event_id}").status_code == 404
    assert client.get(f"/api/sessions/{session_id}/events/id0").status_code == 200
