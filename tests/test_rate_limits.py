"""Rate limits: how many requests an owner and a session's players may send."""

import shutil
import socket
import subprocess
from collections import Counter

import pytest

from tests.client import Client
from tests.service import SECRET, free_port, wait_until
from videosession import rate_limits
from videosession.app import create_app
from videosession.config import Config, ConfigError, Rate
from videosession.rate_limits import Buckets
from videosession.services import services_of

PLAY = {"type": "play", "timestamp": "2026-03-01T10:00:00.000Z"}
NOWHERE = f"/api/sessions/{'0' * 32}"
IN_PRODUCTION = {"MONGODB_URI": "mongodb://127.0.0.1:1", "JWT_SECRET": SECRET}


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limited(memory_db, clock):
    """A service with rate limits, whose time is that of `clock`."""
    settings = {"RATE_LIMIT": "10:50", "PLAYER_RATE_LIMIT": "1:5"}
    app = create_app(IN_PRODUCTION | settings, db=memory_db)
    limits = services_of(app).rate_limits
    limits._owners._clock = limits._players._clock = limits._together._clock = clock
    return app


def statuses(client: Client, times: int, path: str = NOWHERE) -> Counter:
    return Counter(client.get(path).status_code for _ in range(times))


class Player(Client):
    """A client with a session's player token."""

    def __init__(self, client: Client):
        super().__init__(client.app, None)
        self.session = client.new_session()
        self.token = client.post(f"/api/sessions/{self.session}/token", {}).json["token"]


def reports(player: Player, times: int) -> Counter:
    return Counter(player.append(player.session, PLAY).status_code for _ in range(times))


# In this process


@pytest.mark.parametrize(("per_second", "burst"), [(100, 500), (10, 50), (1, 1), (7, 9)])
def test_a_bucket_allows_its_burst_at_once_and_then_its_rate(clock, per_second, burst):
    buckets = Buckets(Rate(per_second, burst), clock)

    def given() -> int:
        return sum(buckets.wait_seconds("alice") == 0 for _ in range(burst + 10))

    assert given() == burst
    clock.seconds += 1
    assert given() == per_second
    clock.seconds += 3600
    assert given() == burst


def test_an_owner_may_send_requests_at_the_configured_rate(limited, clock):
    alice = Client(limited)
    assert statuses(alice, 55) == {404: 50, 429: 5}
    clock.seconds += 1
    assert statuses(alice, 15) == {404: 10, 429: 5}


def test_a_429_says_when_to_retry_and_the_retry_succeeds(limited, clock):
    alice = Client(limited)
    statuses(alice, 50)
    answer = alice.get(NOWHERE)
    assert (answer.status_code, answer.mimetype) == (429, "application/problem+json")
    clock.seconds += int(answer.headers["Retry-After"])
    assert alice.get(NOWHERE).status_code == 404


def test_players_of_a_session_may_send_events_at_the_configured_rate(limited, clock):
    player = Player(Client(limited))
    assert reports(player, 10) == {201: 5, 429: 5}
    clock.seconds += 2
    assert reports(player, 10) == {201: 2, 429: 8}


def test_owners_do_not_share_a_rate_limit(limited):
    alice, bob = Client(limited), Client(limited, "bob")
    first, second = Player(alice), Player(alice)
    reports(first, 5)
    assert reports(first, 1) == {429: 1}
    assert reports(second, 1) == {201: 1}
    statuses(alice, 50)
    assert alice.get(NOWHERE).status_code == 429
    assert bob.get(NOWHERE).status_code == 404


def test_players_of_many_sessions_share_a_limit_for_their_owner(limited):
    alice = Client(limited)
    players = [Player(alice) for _ in range(12)]
    assert sum((reports(player, 5) for player in players), Counter()) == {201: 50, 429: 10}


def test_a_stolen_player_token_does_not_lock_its_owner_out(limited):
    alice = Client(limited)
    for player in [Player(alice) for _ in range(12)]:  # 24 requests of the owner's 50
        reports(player, 20)
    assert statuses(alice, 30) == {404: 26, 429: 4}


@pytest.mark.parametrize(
    ("size", "headers", "counts"),
    [(1000, {}, 1), (256 * 1024, {}, 2), (1024 * 1024 - 100, {}, 4)],
    ids=["small", "256 KiB", "almost 1 MiB"],
)
def test_a_request_counts_according_to_the_size_of_its_body(limited, size, headers, counts):
    alice = Client(limited)
    body = b'{"title": "x"}'.ljust(size)
    assert alice.post("/api/sessions", body, headers=headers).status_code == 201
    assert statuses(alice, 50)[404] == 50 - counts


def test_a_body_larger_than_the_burst_is_accepted_with_a_full_bucket(clock):
    buckets = Buckets(Rate(1, 5), clock)
    assert buckets.wait_seconds("alice", 32) == 0
    assert buckets.wait_seconds("alice") > 0
    clock.seconds += 5
    assert buckets.wait_seconds("alice", 32) == 0


def test_an_owner_named_like_a_session_has_a_separate_bucket(limited):
    player = Player(Client(limited))
    namesake = Client(limited, player.session)
    reports(player, 10)
    assert namesake.get(NOWHERE).status_code == 404


def test_requests_that_a_token_does_not_cover_count_too(limited):
    assert statuses(Player(Client(limited)), 10) == {403: 5, 429: 5}


def test_requests_without_a_valid_token_are_not_counted(limited):
    assert statuses(Client(limited, None), 60) == {401: 60}
    assert statuses(Client(limited), 60, "/livez") == {200: 60}


def test_the_number_of_buckets_is_bounded_and_the_latest_are_kept(clock, monkeypatch):
    monkeypatch.setattr(rate_limits, "MOST_BUCKETS", 10)
    buckets = Buckets(Rate(1, 2), clock)
    for number in range(1000):
        buckets.wait_seconds("always there")
        buckets.wait_seconds(f"once {number}")
    assert len(buckets._full_at) == 10
    assert buckets.wait_seconds("always there") > 0


# Settings

SETTINGS = {
    "without MongoDB": ({}, (None, None)),
    "with MongoDB": (IN_PRODUCTION, ((100, 500), (10, 50))),
    "off": (IN_PRODUCTION | {"RATE_LIMIT": "off", "PLAYER_RATE_LIMIT": "OFF"}, (None, None)),
    "other numbers": (IN_PRODUCTION | {"RATE_LIMIT": "7:9", "PLAYER_RATE_LIMIT": "1:1"}, ((7, 9), (1, 1))),
    "without MongoDB, asked for": ({"RATE_LIMIT": "7:9"}, ((7, 9), None)),
}


@pytest.mark.parametrize(("settings", "expected"), SETTINGS.values(), ids=SETTINGS)
def test_rate_limits_are_on_by_default_with_mongodb_and_follow_the_settings(settings, expected):
    config = Config.read(settings)
    assert (config.rate_limit, config.player_rate_limit) == expected


def test_without_rate_limits_nothing_is_counted(memory_db):
    client = Client(create_app({"JWT_SECRET": SECRET}, db=memory_db))
    assert statuses(client, 100) == {404: 100}
    assert services_of(client.app).rate_limits._owners is None


NO_RATES = ["0:5", "5", "5:", "5:4", "-1:5", "5:5:5", "1.5:5", "٣:5", "5/s", "yes"]


@pytest.mark.parametrize("text", NO_RATES)
def test_the_service_does_not_start_with_an_invalid_rate(text):
    with pytest.raises(
        ConfigError, match="PLAYER_RATE_LIMIT is .* and must be requests per second, a colon and a burst size"
    ):
        Config.read({"PLAYER_RATE_LIMIT": text})


@pytest.mark.parametrize("uri", ["http://localhost", "redis://localhost:port/0"])
def test_an_invalid_store_stops_the_start_and_its_password_is_not_shown(memory_db, uri):
    with pytest.raises(ConfigError, match="RATE_LIMIT_STORE") as error:
        create_app(IN_PRODUCTION | {"RATE_LIMIT_STORE": uri.replace("//", "//:hidden@")}, db=memory_db)
    assert "hidden" not in str(error.value)


# A shared store


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def redis(tmp_path):
    if not (program := shutil.which("redis-server")):
        pytest.skip("redis-server is not installed")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    wait_until(lambda: listens(port))
    yield f"redis://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


def sharing(db, uri: str, **settings):
    return create_app(IN_PRODUCTION | {"RATE_LIMIT_STORE": uri, "RATE_LIMIT": "1:60"} | settings, db=db)


def test_processes_with_a_common_store_count_together(memory_db, redis):
    first, second = (Client(sharing(memory_db, redis)) for _ in range(2))
    together = statuses(first, 40) + statuses(second, 40)
    assert together[404] in (60, 61)  # a second may have passed
    answer = first.get(NOWHERE)
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_while_the_store_is_unavailable_each_process_counts_alone_without_delay(memory_db, caplog):
    with socket.create_server(("127.0.0.1", 0)) as black_hole:
        client = Client(sharing(memory_db, f"redis://127.0.0.1:{black_hole.getsockname()[1]}"))
        counted = statuses(client, 80)
    assert counted[404] in (60, 61, 62)
    assert len([record for record in caplog.records if "RATE_LIMIT_STORE does not answer" in record.message]) <= 2
