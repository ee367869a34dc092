"""CORS: pages of the configured origins may use the service, others may not."""

import pytest

from tests.client import Client
from tests.service import SECRET
from videosession.app import create_app
from videosession.config import Config, ConfigError

SITE, OTHER = "https://player.example", "https://elsewhere.example"
EVENTS = f"/api/sessions/{'0' * 32}/events"
ASKED = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


@pytest.fixture
def client(memory_db):
    origins = f"{SITE}, http://localhost:8080"
    return Client(create_app({"JWT_SECRET": SECRET, "CORS_ORIGINS": origins}, db=memory_db))


def words(text: str | None) -> set[str]:
    return {word.strip().lower() for word in (text or "").split(",")}


@pytest.mark.parametrize("origin", [SITE, "http://localhost:8080"])
def test_a_page_of_an_allowed_origin_may_send_what_the_api_accepts(client, origin):
    answer = client.request("OPTIONS", EVENTS, headers={"Origin": origin} | ASKED)
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert words(answer.headers["Access-Control-Allow-Methods"]) == {"get", "post", "put", "patch", "delete"}
    needed = {"authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "x-request-id"}
    assert words(answer.headers["Access-Control-Allow-Headers"]) == needed
    assert int(answer.headers["Access-Control-Max-Age"]) >= 600
    assert "X-Request-Id" in answer.headers


@pytest.mark.parametrize("origin", [OTHER, "http://player.example", "https://player.example.elsewhere.example", "null"])
@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
def test_a_page_of_another_origin_may_do_nothing_and_vary_keeps_caches_correct(client, origin, method):
    answer = client.request(method, EVENTS, headers={"Origin": origin} | (ASKED if method == "OPTIONS" else {}))
    assert not [name for name in dict(answer.headers) if name.startswith("Access-Control")]
    assert "origin" in words(answer.headers["Vary"])


ANSWERS = {
    "made": (201, "POST", "/api/sessions", b'{"title": "x"}'),
    "invalid": (422, "POST", "/api/sessions", b"{}"),
    "not there": (404, "DELETE", f"/api/sessions/{'0' * 32}", None),
    "no such route": (404, "GET", "/nowhere", None),
    "another method": (405, "PUT", "/api/sessions", None),
}


@pytest.mark.parametrize(("status", "method", "path", "body"), ANSWERS.values(), ids=ANSWERS)
def test_a_page_of_an_allowed_origin_can_read_every_answer_even_errors(client, status, method, path, body):
    answer = client.request(method, path, body, headers={"Origin": SITE})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, SITE)
    exposed = words(answer.headers["Access-Control-Expose-Headers"])
    assert exposed == {"location", "etag", "link", "retry-after", "x-request-id"}
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_page_of_an_allowed_origin_can_read_internal_errors_and_401(client):
    client.app.add_url_rule("/mistake", view_func=lambda: 1 / 0)
    client.token = "rubbish"
    for path, status in (("/mistake", 500), (f"/api/sessions/{'0' * 32}", 401)):
        answer = client.get(path, headers={"Origin": SITE})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, SITE)


def test_a_star_allows_every_origin(memory_db):
    client = Client(create_app({"JWT_SECRET": SECRET, "CORS_ORIGINS": "*"}, db=memory_db))
    answer = client.request("OPTIONS", EVENTS, headers={"Origin": OTHER} | ASKED)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert client.get("/livez", headers={"Origin": OTHER}).headers["Access-Control-Allow-Origin"] == "*"


def test_without_the_setting_no_origin_is_allowed(memory_db):
    client = Client(create_app({"JWT_SECRET": SECRET}, db=memory_db))
    answer = client.request("OPTIONS", EVENTS, headers={"Origin": SITE} | ASKED)
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Vary" not in answer.headers


NO_ORIGINS = [
    "null",
    "player.example",
    f"{SITE}/",
    f"{SITE}/page",
    f"{SITE}:443",
    "http://a.example:80",
    "https://A.example",
    "null",
]


@pytest.mark.parametrize("text", NO_ORIGINS)
def test_the_service_does_not_start_with_an_origin_that_no_browser_sends(text):
    with pytest.raises(ConfigError, match="CORS_ORIGINS has .* and must list origins as browsers send them"):
        Config.read({"CORS_ORIGINS": f"{SITE}, {text}"})


@pytest.mark.parametrize("origin", [SITE, OTHER])
def test_player_js_has_the_cors_header_for_every_origin_once(client, origin):
    answer = client.get("/player.js", headers={"Origin": origin})
    assert answer.headers.getlist("Access-Control-Allow-Origin") == ["*"]
