"""Rotating the signing secret without rejecting a valid token."""

import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest

from tests.client import Client
from tests.service import SECRET, Service, copy_project, free_port, procfile, wait_until
from videosession.app import create_app

pytestmark = pytest.mark.processes

PLAY = {"type": "play", "timestamp": "2026-03-01T10:00:00Z"}
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
def test_tokens_signed_with_either_secret_are_accepted(rotated, secret, audience):
    assert status(rotated, jwt.encode(claims(**audience), secret)) == 404


def test_the_previous_secret_is_not_used_to_sign(rotated):
    assert jwt.decode(Client(rotated).token, SECRET, ["HS256"], audience="videosession")["sub"] == "alice"


def test_a_player_token_stays_valid_when_the_secret_changes(rotated, memory_db):
    before = create_app({"JWT_SECRET": OLD_SECRET}, db=memory_db)
    owner, player = Client(before), Client(rotated, None)
    session = owner.new_session()
    player.token = owner.post(f"/api/sessions/{session}/token", {}).json["token"]
    assert player.append(session, PLAY).status_code == 201


def test_a_token_signed_with_a_removed_secret_is_rejected(app):
    assert status(app, jwt.encode(claims(), OLD_SECRET)) == 401


def reload(service: Service, copy, **secrets: str) -> None:
    """Change the secrets, and let gunicorn reload its workers one after the other."""
    (copy / ".env").write_text("".join(f"{name}={secret}\n" for name, secret in secrets.items()))
    before = set(service.worker_pids())
    service.process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(service.worker_pids()) == 2 and not before & set(service.worker_pids()))


def test_no_token_is_rejected_while_gunicorn_reloads_with_a_new_secret(mongo_uri, tmp_path):
    copy, port = copy_project(tmp_path), free_port()
    (copy / ".env").write_text(f"JWT_SECRET={OLD_SECRET}\n")
    settings = {"MONGODB_URI": mongo_uri, "PORT": port, "WEB_CONCURRENCY": 2, "FLASK_SKIP_DOTENV": 0}
    owner, answers, is_over = jwt.encode(claims(), OLD_SECRET), Counter(), threading.Event()

    def use() -> None:
        session = service.request("POST", "/api/sessions", {"title": "A session"}, owner).json["id"]
        while not is_over.is_set():
            made = service.request("POST", f"/api/sessions/{session}/token", {}, owner)
            player = made.json.get("token")
            kept = service.request("POST", f"/api/sessions/{session}/events", PLAY, player)
            answers.update([made.status_code, kept.status_code])

    with (
        Service(procfile("web"), port, tmp_path / "log", copy, **settings) as service,
        ThreadPoolExecutor(3) as threads,
    ):
        service.wait()
        users = [threads.submit(use) for _ in range(3)]
        reload(service, copy, JWT_SECRET=OLD_SECRET, JWT_PREVIOUS_SECRET=SECRET)
        reload(service, copy, JWT_SECRET=SECRET, JWT_PREVIOUS_SECRET=OLD_SECRET)
        is_over.set()
        for user in users:
            user.result()
        made = service.request(
            "POST", "/api/sessions", {"title": "A session"}, jwt.encode(claims(), SECRET)
        ).status_code
    assert set(answers) == {201}
    assert made == 201
