"""HEAD and OPTIONS, on every route."""

import re

import pytest

from tests.service import SECRET
from videosession.app import create_app

RULES = list(create_app({"JWT_SECRET": SECRET, "MONGODB_URI": "mongodb://localhost"}).url_map.iter_rules())
PATHS = sorted({rule.rule for rule in RULES})
READ = sorted({rule.rule for rule in RULES if "GET" in (rule.methods or ())})
VARYING = {"X-Request-Id", "Date", "Content-Length"}  # what is streamed has no length before its end


@pytest.fixture
def app(shared_app):
    return shared_app


@pytest.fixture
def path_of(client):
    """Fill a route's pattern in with what is there."""
    session_id = client.new_session(videoId="film-1")
    client.request("PUT", "/api/videos/plan?videoId=film-1", {})
    event = client.append(session_id, {"type": "play", "timestamp": "2026-03-01T10:00:00Z"}).json

    def fill(pattern: str) -> str:
        name = "docs.js" if "docs" in pattern else "boat.webm"
        given = {"<session_id>": session_id, "<event_id>": event["eventId"], "<name>": name}
        asked = "?videoId=film-1" if pattern.startswith("/api/videos/") else ""
        compared = "&by=metadata.variant&a=A&b=B" if "comparison" in pattern else ""
        return re.sub("<.*?>", lambda match: given[match[0]], pattern) + asked + compared

    return fill


@pytest.mark.parametrize("pattern", READ)
def test_head_answers_like_get_without_the_content(client, path_of, pattern):
    got, head = (client.request(method, path_of(pattern), buffered=True) for method in ("GET", "HEAD"))
    assert (head.status_code, head.data) == (got.status_code, b"") == (200, b"")
    assert {name: value for name, value in head.headers if name not in VARYING} == {
        name: value for name, value in got.headers if name not in VARYING
    }
    assert head.headers.get("Content-Length", str(len(got.data))) == str(len(got.data))


@pytest.mark.parametrize("pattern", PATHS)
def test_options_lists_the_methods_without_a_token(nobody, path_of, pattern):
    answer = nobody.request("OPTIONS", path_of(pattern))
    assert (answer.status_code, answer.data) == (204, b"")
    methods = {method for rule in RULES if rule.rule == pattern for method in rule.methods}
    assert set(answer.headers["Allow"].split(", ")) == methods
    assert set(nobody.request("BREW", path_of(pattern)).headers["Allow"].split(", ")) == methods


@pytest.mark.parametrize(
    ("pattern", "header", "media_types"),
    [
        ("/api/sessions", "Accept-Post", "application/json"),
        ("/api/sessions/<session_id>", "Accept-Patch", "application/merge-patch+json, application/json"),
        ("/api/sessions/<session_id>/events", "Accept-Post", "application/json, application/x-ndjson"),
    ],
)
def test_options_and_415_list_the_accepted_media_types(client, path_of, pattern, header, media_types):
    assert client.request("OPTIONS", path_of(pattern)).headers[header] == media_types
    refused = client.request(header[7:].upper(), path_of(pattern), b"", content_type="text/plain")
    assert (refused.status_code, refused.headers[header]) == (415, media_types)
