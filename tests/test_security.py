"""The statements in SECURITY.md that no other test checks."""

import re
from pathlib import Path

import pytest

from tests.client import Client
from tests.service import PROJECT

EVENT = {"type": "play", "timestamp": "2026-03-01T10:00:00Z"}
VERBS = {
    "reading": ("GET", "", None),
    "reading without events": ("GET", "?events=none", None),
    "appending": ("POST", "/events", EVENT),
    "appending many": ("POST", "/events", [EVENT]),
    "listing events": ("GET", "/events", None),
    "reading an event": ("GET", "/events/x", None),
    "the timeline": ("GET", "/timeline", None),
    "the picture": ("GET", "/timeline.svg", None),
    "a player's token": ("POST", "/token", {}),
    "changing": ("PATCH", "", {"title": "mine"}),
    "deleting": ("DELETE", "", None),
}


@pytest.fixture
def app(shared_app):
    return shared_app


@pytest.fixture(scope="module")
def hidden(shared_app) -> list[str]:
    """Return ids of which mallory may not learn what is behind them."""
    alice, mallory = Client(shared_app), Client(shared_app, "mallory")
    foreign, deleted = alice.new_session(), mallory.new_session()
    alice.append(foreign, EVENT | {"eventId": "x"})
    mallory.delete(f"/api/sessions/{deleted}")
    return [foreign, deleted, "0" * 32, "malformed"]


@pytest.mark.parametrize("verb", VERBS)
def test_other_owners_and_missing_sessions_get_identical_answers(stranger, hidden, verb):
    method, below, body = VERBS[verb]
    media_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
    answers = []
    for session_id in hidden:
        path, headers = f"/api/sessions/{session_id}{below}", {"X-Request-Id": "the-same"}
        answer = stranger.request(method, path, body, content_type=media_type, headers=headers)
        answers.append((answer.status_code, sorted(answer.headers.items()), answer.data))
    assert answers[0][0] == 404
    assert answers == answers[:1] * len(hidden)


def test_every_route_of_the_api_checks_the_token_first(app, nobody):
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")]
    assert len(rules) > 5
    for rule in rules:
        for method in rule.methods - {"OPTIONS"}:
            path = re.sub("<[^>]*>", "x", rule.rule)
            answer = nobody.request(method, path, b" " * 2**21, content_type="text/plain", query_string="a=1")
            assert (method, rule.rule, answer.status_code) == (method, rule.rule, 401)


def test_every_test_named_in_security_md_exists():
    named = set(re.findall(r"`([\w/]+\.py)", (PROJECT / "SECURITY.md").read_text()))
    assert len(named) > 15
    assert [name for name in sorted(named) if not Path(PROJECT, "tests", name).exists()] == []
