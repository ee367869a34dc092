"""Whose signatures are believed, and how that is changed without refusing anybody."""

import time

import jwt
import pytest

from tests.conftest import SECRET, Client
from videosession.app import create_app

OLD_SECRET = "the secret before, which is longer than thirty-two bytes"


def claims(**others) -> dict:
    return {"sub": "alice", "exp": int(time.time()) + 600} | others


def status(app, token: str) -> int:
    client = Client(app, None)
    client.token = token
    return client.get(f"/api/sessions/{'0' * 32}").status_code  # 404 where the token is believed


@pytest.fixture
def rotated(memory_db):
    return create_app({"JWT_SECRET": SECRET, "JWT_PREVIOUS_SECRET": OLD_SECRET}, db=memory_db)


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET], ids=["present", "previous"])
@pytest.mark.parametrize("audience", [{}, {"aud": "videosession"}], ids=["a client's", "our own"])
def test_tokens_of_both_secrets_are_read(rotated, secret, audience):
    assert status(rotated, jwt.encode(claims(**audience), secret)) == 404


def test_the_previous_secret_signs_nothing(rotated):
    assert jwt.decode(Client(rotated).token, SECRET, ["HS256"], audience="videosession")["sub"] == "alice"


def test_a_players_token_outlives_the_change_of_the_secret(rotated, memory_db):
    before = create_app({"JWT_SECRET": OLD_SECRET}, db=memory_db)
    owner, player = Client(before), Client(rotated, None)
    session = owner.new_session()
    player.token = owner.post(f"/api/sessions/{session}/token", {}).json["token"]
    assert player.append(session, {"type": "play", "timestamp": "2026-03-01T10:00:00Z"}).status_code == 201


def test_a_secret_that_is_no_longer_named_is_refused(app):
    assert status(app, jwt.encode(claims(), OLD_SECRET)) == 401
