"""Requests that depend on the state of a session (RFC 9110, 13), by its ETag of two parts."""

import pytest

from videosession.errors import Conflict
from videosession.services import services_of

PLAY = {"type": "play", "timestamp": "2026-03-01T10:00:00Z"}
PATHS = ["", "?events=none", "/timeline", "/timeline?threshold=0.5", "/timeline.svg"]


@pytest.fixture
def app(shared_app):
    return shared_app


@pytest.fixture
def session(client) -> str:
    session_id = client.new_session()
    client.append(session_id, PLAY)
    return f"/api/sessions/{session_id}"


def tag(client, path: str) -> str:
    return client.get(path).headers["ETag"]


def rename(client, session: str, **headers):
    return client.request("PATCH", session, {"title": "New"}, headers=headers)


@pytest.mark.parametrize("path", PATHS)
def test_changes_and_events_each_change_their_part_of_the_etag(client, session, path):
    before = tag(client, session + path)
    assert tag(client, session + path) == before
    rename(client, session)
    renamed = tag(client, session + path)
    client.append(session.rpartition("/")[2], PLAY)
    appended = tag(client, session + path)
    parts = [each.strip('"').split(".")[:2] for each in (before, renamed, appended)]
    assert parts[0][0] != parts[1][0] == parts[2][0]
    assert parts[0][1] == parts[1][1] != parts[2][1]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("form", ["{}", "W/{}", '"a", W/"b", {}', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_matching_if_none_match_is_answered_with_304_without_content(client, session, path, form, method):
    current = tag(client, session + path)
    answer = client.request(method, session + path, headers={"If-None-Match": form.format(current)})
    assert (answer.status_code, answer.data) == (304, b"")
    assert (answer.headers["ETag"], answer.headers["Cache-Control"]) == (current, "private, no-cache")
    assert answer.headers.get("Vary") == client.get(session + path).headers.get("Vary")
    assert ("timeline" in path) == ("Vary" in answer.headers)
    assert "Content-Type" not in answer.headers


@pytest.mark.parametrize("path", PATHS)
def test_an_outdated_if_none_match_gets_the_current_state(client, session, path):
    older = tag(client, session + path)
    client.append(session.rpartition("/")[2], PLAY)
    assert client.get(session + path, headers={"If-None-Match": older}).status_code == 200


def test_the_etag_of_the_picture_does_not_match_the_json_timeline(client, session):
    headers = {"If-None-Match": tag(client, f"{session}/timeline")}
    assert client.get(f"{session}/timeline", headers=headers | {"Accept": "image/svg+xml"}).status_code == 200


def test_checking_an_etag_reads_no_events(app, client, session):
    current = tag(client, session)
    session_id = session.rpartition("/")[2]
    unreadable = {"_id": f"{session_id}:x", "session": session_id, "instant": 1, "arrival": "x", "exact": "no JSON"}
    services_of(app).database.events.insert_one(unreadable)
    assert client.get(session, headers={"If-None-Match": current}).status_code == 304


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ("{}", 200),
        ("*", 200),
        ('"other", {}', 200),
        ("W/{}", 412),
        ('"1"', 412),
        ('"2.{part}"', 412),
        ('""', 412),
        ("", 412),
        ("nonsense", 412),
    ],
)
def test_a_patch_with_if_match_changes_only_that_version(client, session, form, status):
    current = tag(client, session)
    answer = rename(client, session, **{"If-Match": form.format(current, part=current.strip('"').split(".")[1])})
    assert answer.status_code == status
    assert client.get(session).json["title"] == ("New" if status == 200 else "A session")


def test_a_patch_returns_the_etag_for_the_next_one(client, session):
    first = rename(client, session).headers["ETag"]
    assert first == tag(client, session)
    client.append(session.rpartition("/")[2], PLAY)  # moves the second part, on which a change does not depend
    assert rename(client, session, **{"If-Match": first}).status_code == 200
    assert rename(client, session, **{"If-Match": first}).status_code == 412


@pytest.mark.parametrize("moved", ["nothing", "the version", "the revision"])
def test_a_delete_with_if_match_deletes_only_that_state(client, session, moved):
    current = tag(client, session)
    if moved == "the version":
        rename(client, session)
    if moved == "the revision":
        client.append(session.rpartition("/")[2], PLAY)
    answer = client.delete(session, headers={"If-Match": current})
    assert answer.status_code == (200 if moved == "nothing" else 412)
    assert client.get(session).status_code == (404 if moved == "nothing" else 200)


@pytest.mark.parametrize(("header", "value"), [("If-Match", "*"), ("If-None-Match", '"other"')])
def test_a_delete_with_a_matching_etag_succeeds(client, session, header, value):
    assert client.delete(session, headers={header: value}).status_code == 200


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_if_none_match_prevents_changes_to_that_state(client, session, method):
    headers = {"If-None-Match": tag(client, session)}
    answer = client.request(method, session, {} if method == "PATCH" else None, headers=headers)
    assert answer.status_code == 412


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_condition_tells_other_owners_nothing(client, stranger, session, method):
    body = {} if method == "PATCH" else None
    answer = stranger.request(method, session, body, headers={"If-Match": '"other"', "If-None-Match": "*"})
    assert answer.status_code == 404


class Meddling:
    """A condition that is always met, and that changes the session while it is being checked."""

    def __init__(self, client, session: str, times: int):
        self.client, self.session, self.times = client, session, times
        self.seen: list[int] = []

    def __call__(self, session: dict) -> None:
        self.seen.append(session["version"])
        if len(self.seen) <= self.times:
            rename(self.client, self.session)


@pytest.mark.parametrize("deed", ["change", "delete"])
@pytest.mark.parametrize("times", [0, 1, 3, 30])
def test_a_condition_is_checked_again_if_the_session_changed_meanwhile(app, client, session, deed, times):
    meddling = Meddling(client, session, times)
    act(app, deed, session, meddling)
    assert meddling.seen == list(range(1, times + 2))


@pytest.mark.parametrize("deed", ["change", "delete"])
def test_a_session_that_changes_at_every_check_is_left_alone_with_409(app, client, session, deed):
    with pytest.raises(Conflict, match="Nothing was changed"):
        act(app, deed, session, Meddling(client, session, 1000))
    assert client.get(session).json["title"] == "New"


def act(app, deed: str, session: str, condition) -> None:
    repository, session_id = services_of(app).sessions, session.rpartition("/")[2]
    if deed == "change":
        repository.change(session_id, lambda content: content | {"title": "X"}, owner="alice", condition=condition)
    else:
        repository.delete(session_id, owner="alice", condition=condition)
