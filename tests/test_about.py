"""What `GET /api` says about the service."""

import tomllib
from pathlib import Path

import pytest

from tests.client import Client
from tests.service import SECRET
from videosession import __version__
from videosession.app import create_app

PROJECT = Path(__file__).parent.parent


@pytest.fixture
def app(shared_app):
    return shared_app


def test_anyone_may_read_the_name_the_version_and_the_limits(nobody):
    answer = nobody.get("/api")
    assert answer.status_code == 200
    assert (answer.json["name"], answer.json["version"]) == ("videosession", __version__)
    assert answer.json["limits"]["request"] == {
        "jsonBytes": 1024 * 1024,
        "ndjsonBytes": 8 * 1024 * 1024,
        "events": 1000,
        "values": 150_000,
        "idempotencyKeyCharacters": 255,
        "requestIdCharacters": 200,
        "lineBytes": 8190,
    }
    assert answer.json["limits"]["answer"] == {"errors": 100}
    assert answer.json["limits"]["token"] == {
        "subjectCharacters": 255,
        "playerTokenSecondsAtLeast": 60,
        "playerTokenSeconds": 3600,
    }


@pytest.mark.parametrize(
    ("group", "limit", "field"),
    [
        ("session", "titleCharacters", "title"),
        ("session", "descriptionCharacters", "description"),
        ("session", "videoIdCharacters", "videoId"),
    ],
)
def test_a_text_may_have_the_published_length_and_no_more(client, group, limit, field):
    most = client.get("/api").json["limits"][group][limit]
    assert client.post("/api/sessions", {"title": "x"} | {field: "x" * most}).status_code == 201
    assert client.post("/api/sessions", {"title": "x"} | {field: "x" * (most + 1)}).status_code == 422


def test_a_request_line_may_have_the_published_length_and_no_more(service):
    most = service.request("GET", "/api").json["limits"]["request"]["lineBytes"]
    path = "/livez?".ljust(most - len("GET  HTTP/1.1"), "x")
    assert [service.request("GET", path + more).status_code for more in ("", "x")] == [200, 414]


def test_rate_limits_are_published_if_they_are_set(memory_db):
    limited = Client(create_app({"JWT_SECRET": SECRET, "RATE_LIMIT": "7:20", "PLAYER_RATE_LIMIT": "off"}, db=memory_db))
    assert limited.get("/api").json["limits"]["rate"] == {"requestsPerSecond": 7, "requestsAtOnce": 20}


def test_the_package_and_pyproject_have_the_same_version():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__
