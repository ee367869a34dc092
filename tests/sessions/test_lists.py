"""Lists of an owner's sessions: ordered, filtered, paginated, at a constant cost for each page."""

import base64
import json
import uuid

import pymongo
import pytest

from tests.conftest import SECRET, Client
from tests.databases import Finds, winning_plan
from videosession.app import create_app
from videosession.services import services_of

PLAY = {"type": "play", "timestamp": "2026-03-01T10:00:00Z"}


@pytest.fixture
def app(shared_app):
    return shared_app


@pytest.fixture
def client(app) -> Client:
    """An owner without sessions."""
    return Client(app, uuid.uuid4().hex)


def walk(client, path: str) -> list[list[str]]:
    """Follow the Link headers from page to page, and return the sessions' titles."""
    titles = []
    while path:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        titles.append([session["title"] for session in answer.json["sessions"]])
        path = answer.headers.get("Link", "").removeprefix("<").removesuffix('>; rel="next"')
        assert ("next" in answer.json) == bool(path)
        assert len(titles) < 20, "the walk does not end"
    return titles


def open_sessions(client, count: int, **fields) -> list[str]:
    return [client.new_session(title=str(place), **fields) for place in range(count)]


def store(client, **fields) -> None:
    """Put a session into the database at an instant of our choice."""
    sessions = services_of(client.app).database.sessions
    sessions.update_one({"_id": client.new_session()}, {"$set": fields})


@pytest.mark.parametrize(
    ("query", "sizes"), [("", [5]), ("?limit=5", [5]), ("?limit=4", [4, 1]), ("?limit=1", [1] * 5), ("?limit=200", [5])]
)
def test_paging_returns_each_session_once_newest_first(client, query, sizes):
    open_sessions(client, 5)
    pages = walk(client, f"/api/sessions{query}")
    assert [len(page) for page in pages] == sizes
    assert sum(pages, []) == ["4", "3", "2", "1", "0"]


def test_sessions_of_one_instant_are_neither_lost_nor_repeated_between_pages(client):
    for place in range(7):
        store(client, createdAt=1_000_000 + (place > 4), title=str(place))
    pages = walk(client, "/api/sessions?limit=2")
    assert sorted(sum(pages, [])) == [str(place) for place in range(7)]
    assert {*pages[0]} == {"5", "6"}


def test_the_list_has_only_the_owners_sessions_that_are_not_deleted(client, stranger):
    ids = open_sessions(client, 3)
    stranger.new_session()
    client.delete(f"/api/sessions/{ids[1]}")
    assert walk(client, "/api/sessions") == [["2", "0"]]


def test_an_owner_without_sessions_gets_an_empty_page(client):
    answer = client.get("/api/sessions")
    assert (answer.status_code, answer.json) == (200, {"sessions": []})


def test_an_entry_of_the_list_is_the_session_without_its_events(client):
    sent = {"title": "Film", "description": "Long", "videoId": "film-1", "metadata": {"a": [None]}}
    session = client.post("/api/sessions", sent).json
    assert client.get("/api/sessions").json["sessions"] == [session]
    client.append(session["id"], PLAY)
    [entry] = client.get("/api/sessions").json["sessions"]
    assert client.get(f"/api/sessions/{session['id']}?events=none").json == entry
    assert entry.pop("lastEventAt") >= session["createdAt"]
    assert entry == session
    assert (
        client.get(f"/api/sessions/{session['id']}?events=none").json == client.get("/api/sessions").json["sessions"][0]
    )


def test_a_filter_applies_to_every_page(client):
    open_sessions(client, 3, videoId="film 1&ü")
    open_sessions(client, 2, videoId="film 2")
    open_sessions(client, 1)
    assert walk(client, "/api/sessions?videoId=film%201%26%C3%BC&limit=2") == [["2", "1"], ["0"]]
    assert walk(client, "/api/sessions?videoId=nothing") == [[]]


@pytest.mark.parametrize(
    ("first", "beside", "status"),
    [
        ("videoId=a", "", 200),
        ("videoId=a", "&videoId=a", 200),
        ("videoId=a", "&limit=2", 200),
        ("videoId=a", "&videoId=b", 400),
        ("limit=1", "&videoId=a", 400),
    ],
)
def test_a_cursor_includes_its_filters_and_accepts_no_others(client, first, beside, status):
    open_sessions(client, 3, videoId="a")
    cursor = client.get(f"/api/sessions?limit=1&{first}".replace("limit=1&limit=1", "limit=1")).json["next"]
    assert client.get(f"/api/sessions?cursor={cursor}{beside}").status_code == status


def made_up(*content, of: str = "/api/sessions") -> str:
    return base64.urlsafe_b64encode(json.dumps([*content, of]).encode()).rstrip(b"=").decode()


BAD = {
    "no base64": "cursor=!!!",
    "empty": "cursor=",
    "not ASCII": "cursor=%C3%BC",
    "no JSON": "cursor=AAAA",
    "no list": f"cursor={base64.urlsafe_b64encode(b'7').decode()}",
    "too few parts": f"cursor={made_up(1, 'a')}",
    "another list": f"cursor={made_up(1, 'a', {}, of='/api/sessions/x/events')}",
    "an unknown filter": f"cursor={made_up(1, 'a', {'x': 'y'})}",
    "a limit among the filters": f"cursor={made_up(1, 'a', {'cursor': 'y'})}",
    "no number": f"cursor={made_up('1', 'a', {})}",
    "a boolean": f"cursor={made_up(True, 'a', {})}",
    "more than 64 bits": f"cursor={made_up(2**63, 'a', {})}",
    "no text": f"cursor={made_up(1, {'$gt': ''}, {})}",
    "an operator as a filter": f"cursor={made_up(1, 'a', {'videoId': {'$gt': ''}})}",
    "filters that are a list": f"cursor={made_up(1, 'a', [])}",
    "two cursors": f"cursor={made_up(1, 'a', {})}&cursor={made_up(1, 'a', {})}",
    "limit 0": "limit=0",
    "limit 201": "limit=201",
    "an empty videoId": "videoId=",
    "a videoId of 201 characters": "videoId=" + "v" * 201,
    "an unknown parameter": "page=2",
}


@pytest.mark.parametrize("query", BAD.values(), ids=BAD)
def test_an_invalid_query_of_the_list_is_rejected(client, query):
    assert client.get(f"/api/sessions?{query}").status_code == 400


def test_a_cursor_is_valid_even_if_no_answer_contained_it(client):
    assert client.get(f"/api/sessions?cursor={made_up(1, 'a', {})}").json == {"sessions": []}


@pytest.mark.parametrize("query", ["events=all", "events=", "events=none&events=none", "limit=1"])
def test_reading_a_session_accepts_only_the_parameter_events_none(client, query):
    assert client.get(f"/api/sessions/{client.new_session()}?{query}").status_code == 400


@pytest.mark.parametrize(("query", "index"), [("", "owner_newest"), ("&videoId=a", "owner_video_newest")])
def test_a_page_is_read_from_its_index_starting_at_the_cursor(mongo_uri, db, query, index):
    finds = Finds("sessions")
    with pymongo.MongoClient(mongo_uri, event_listeners=[finds]) as watched:
        app = create_app({"JWT_SECRET": SECRET}, db=watched[db.name])
        services_of(app).database.create_indexes()
        client = Client(app)
        open_sessions(client, 3, videoId="a")
        walk(client, f"/api/sessions?limit=1{query}")
    plans = [winning_plan(db, find) for find in finds.seen]
    assert len(plans) == 5  # of each page after the first also what shares the instant of the last one before
    assert [plan for plan in plans if index not in plan or "COLLSCAN" in plan] == []
