"""Player tokens, for browsers: they can append events to one session and do nothing else."""

import time
from datetime import datetime

import jwt
import pytest

from tests.conftest import SECRET, Client

PLAY = {"type": "play", "timestamp": "2026-03-01T10:00:00.000Z"}
NO_ID = "0" * 32


@pytest.fixture
def player(app, client):
    """A client with a player token for its own `session`."""
    session = client.new_session()
    player = Client(app, None)
    player.session = session
    player.token = client.post(f"/api/sessions/{session}/token", {}).json["token"]
    return player


def test_a_player_token_can_append_events_to_its_session(client, player):
    assert player.append(player.session, PLAY).status_code == 201
    assert len(client.get(f"/api/sessions/{player.session}").json["events"]) == 1


FORBIDDEN = {
    "open a session": ("POST", "/api/sessions"),
    "read its session": ("GET", "/api/sessions/{own}"),
    "delete its session": ("DELETE", "/api/sessions/{own}"),
    "make tokens": ("POST", "/api/sessions/{own}/token"),
    "append to another session of its owner": ("POST", "/api/sessions/{other}/events"),
    "append to a session that never was": ("POST", f"/api/sessions/{NO_ID}/events"),
    "append to a malformed id": ("POST", "/api/sessions/x/events"),
}


@pytest.mark.parametrize(("method", "path"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_player_token_allows_nothing_else_and_is_checked_before_the_request_is_read(client, player, method, path):
    place = path.format(own=player.session, other=client.new_session())
    answer = player.request(method, place, b"no JSON")
    assert (answer.status_code, answer.mimetype) == (403, "application/problem+json")


def test_a_player_token_has_only_the_necessary_claims(player):
    claims = jwt.decode(player.token, options={"verify_signature": False})
    assert claims.keys() == {"sub", "aud", "session", "exp", "iat", "nbf", "jti", "type", "fresh"}


def test_every_route_except_append_rejects_player_tokens(app):
    views = {rule.endpoint: app.view_functions[rule.endpoint] for rule in app.url_map.iter_rules()}
    assert [name for name, view in views.items() if getattr(view, "players", False)] == ["events.append_events"]


@pytest.mark.parametrize(("sent", "seconds"), [({}, 3600), ({"expiresIn": 60}, 60), ({"expiresIn": 3.6e3}, 3600)])
def test_a_player_token_is_returned_with_its_expiry(client, sent, seconds):
    answer = client.post(f"/api/sessions/{client.new_session()}/token", sent)
    ends_at = datetime.fromisoformat(answer.json["expiresAt"]).timestamp()
    assert (answer.status_code, set(answer.json)) == (201, {"token", "expiresAt"})
    assert jwt.decode(answer.json["token"], options={"verify_signature": False})["exp"] == ends_at
    assert abs(ends_at - time.time() - seconds) < 10
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("seconds", [59, 3601, "600", 600.5, True, None, -60])
def test_the_lifetime_of_a_player_token_is_a_minute_to_an_hour(client, seconds):
    answer = client.post(f"/api/sessions/{client.new_session()}/token", {"expiresIn": seconds})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/expiresIn")


@pytest.mark.parametrize("session", ["deleted", "foreign", "unknown", "malformed"])
def test_player_tokens_are_made_only_for_existing_sessions_of_the_owner(client, stranger, session):
    deleted = client.new_session()
    client.delete(f"/api/sessions/{deleted}")
    ids = {"deleted": deleted, "foreign": stranger.new_session(), "unknown": NO_ID, "malformed": "x"}
    assert client.post(f"/api/sessions/{ids[session]}/token", {}).status_code == 404


def test_a_read_only_token_cannot_make_player_tokens(app, client):
    reader = Client(app, "alice", scope="sessions:read")
    assert reader.post(f"/api/sessions/{client.new_session()}/token", {}).status_code == 403


def test_a_player_token_is_useless_once_its_session_is_deleted(client, player):
    client.delete(f"/api/sessions/{player.session}")
    assert player.append(player.session, PLAY).status_code == 404


BENT = {
    "expired": {"exp": 1},
    "without a session": {"session": None},
    "for an owner and a player at once": {"aud": ["videosession", "videosession:player"]},
    "without an expiry": {"exp": None},
}


@pytest.mark.parametrize("claims", BENT.values(), ids=BENT)
def test_a_malformed_player_token_is_rejected_despite_a_valid_signature(player, claims):
    sound = jwt.decode(player.token, options={"verify_signature": False})
    bent = {name: value for name, value in (sound | claims).items() if value is not None}
    player.token = jwt.encode(bent, SECRET)
    assert player.append(player.session, PLAY).status_code == 401
