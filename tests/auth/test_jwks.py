"""Tokens from an identity provider: RS256 and ES256, with a configured public key or with keys published at a URL."""

import hashlib
import hmac
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.conftest import SECRET, Client
from tests.service import wait_until
from videosession.app import create_app
from videosession.auth import jwks
from videosession.auth.jwks import PublishedKeys
from videosession.config import ConfigError
from videosession.errors import KeysUnavailable
from videosession.services import services_of

RSA = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
WEAK_RSA = rsa.generate_private_key(65537, 1024)
P256, P384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
ALGORITHMS = {"RS256": RSA, "ES256": P256}


def pem(key) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def described(key, name: str | None = None, **others) -> dict:
    kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return kind.to_jwk(key.public_key(), as_dict=True) | ({"kid": name} if name else {}) | others


def token(key=RSA, algorithm="RS256", name: str | None = None, **claims) -> str:
    headers = {"kid": name} if name else None
    return jwt.encode({"sub": "alice", "exp": int(time.time()) + 600} | claims, key, algorithm, headers)


def status(app, text: str) -> int:
    client = Client(app, None)
    client.token = text
    return client.get(f"/api/sessions/{'0' * 32}").status_code  # 404 where the token is believed


def trusting(db, **settings):
    return create_app({"JWT_SECRET": SECRET, "JWT_ALGORITHM": "RS256"} | settings, db=db)


class Provider(HTTPServer):
    """An identity provider on loopback: publishes `keys`, or sends `answer`; counts the requests."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/keys"
        self.fetches = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.publish()

    def publish(self, *keys: dict) -> None:
        self.answer(200, json.dumps({"keys": keys}))

    def answer(self, status: int, body: str, **headers: str) -> None:
        self.status, self.body, self.headers = status, body.encode(), headers


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802, the library's name
        self.server.fetches += 1
        self.server.may_answer.wait(10)
        self.send_response(self.server.status if self.path == "/keys" else 200)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def provider():
    server = Provider()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.may_answer.set()
    server.shutdown()
    thread.join()
    server.server_close()


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def settle(keys: PublishedKeys) -> None:
    """Wait until a running fetch has ended."""
    if keys._fetching:
        keys._fetching.join(10)


# One public key


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_that_verifies_with_the_public_key_is_accepted(memory_db, algorithm):
    key = ALGORITHMS[algorithm]
    app = trusting(memory_db, JWT_ALGORITHM=algorithm, JWT_PUBLIC_KEY=pem(key))
    assert status(app, token(key, algorithm)) == 404


@pytest.mark.parametrize("form", ["file", "one line"])
def test_the_public_key_may_be_a_file_or_a_single_line(memory_db, tmp_path, form):
    (tmp_path / "key.pem").write_text(pem(RSA))
    given = {"file": str(tmp_path / "key.pem"), "one line": pem(RSA).replace("\n", "\\n")}
    assert status(trusting(memory_db, JWT_PUBLIC_KEY=given[form]), token()) == 404


CONFUSIONS = {
    "another key of the kind": lambda: token(OTHER_RSA),
    "the secret": lambda: token(SECRET, "HS256"),
    "the public key as a secret": lambda: hand_signed(pem(RSA)),
    "no signature": lambda: token(None, "none"),
    "another algorithm of the key": lambda: token(RSA, "RS384"),
    "another algorithm of that kind": lambda: token(RSA, "PS256"),
    "an audience that nobody asked for": lambda: token(aud="somebody"),
    "a player's audience": lambda: token(aud="videosession:player", session="0" * 32),
    "an own audience": lambda: token(aud="videosession"),
    "no expiry": lambda: token(exp=None),
    "expired": lambda: token(exp=1),
}


def hand_signed(secret: str) -> str:
    """Sign with HS256 what PyJWT refuses to: a public key as the secret."""
    unsigned = token(SECRET, "HS256").rpartition(".")[0]
    signature = hmac.digest(secret.encode(), unsigned.encode(), hashlib.sha256)
    return f"{unsigned}.{jwt.utils.base64url_encode(signature).decode()}"


@pytest.mark.parametrize("make", CONFUSIONS.values(), ids=CONFUSIONS)
def test_with_a_public_key_tokens_with_other_signatures_are_rejected(memory_db, make):
    assert status(trusting(memory_db, JWT_PUBLIC_KEY=pem(RSA)), make()) == 401


def test_the_services_own_tokens_stay_valid_when_a_public_key_is_set(memory_db):
    app = trusting(memory_db, JWT_PUBLIC_KEY=pem(RSA), JWT_ISSUER="https://id.example", JWT_AUDIENCE="videos")
    owner, player = Client(app), Client(app, None)
    session = owner.new_session()
    player.token = owner.post(f"/api/sessions/{session}/token", {}).json["token"]
    assert player.append(session, {"type": "play", "timestamp": "2026-03-01T10:00:00Z"}).status_code == 201


NAMED = {
    "both": ({"iss": "https://id.example", "aud": "videos"}, 404),
    "ours among the audiences": ({"iss": "https://id.example", "aud": ["others", "videos"]}, 404),
    "another issuer": ({"iss": "https://other.example", "aud": "videos"}, 401),
    "no issuer": ({"aud": "videos"}, 401),
    "another audience": ({"iss": "https://id.example", "aud": "others"}, 401),
    "no audience": ({"iss": "https://id.example"}, 401),
}


@pytest.mark.parametrize("settings", [{"JWT_PUBLIC_KEY": pem(RSA)}, {"JWT_ALGORITHM": "HS256"}], ids=["RS256", "HS256"])
@pytest.mark.parametrize(("claims", "expected"), NAMED.values(), ids=NAMED)
def test_issuer_and_audience_are_checked_when_set(memory_db, settings, claims, expected):
    app = trusting(memory_db, JWT_ISSUER="https://id.example", JWT_AUDIENCE="videos", **settings)
    signed = token(**claims) if "JWT_PUBLIC_KEY" in settings else token(SECRET, "HS256", **claims)
    assert status(app, signed) == expected


PRIVATE = RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
UNUSABLE = {
    "an EC key for RS256": ({"JWT_PUBLIC_KEY": pem(P256)}, "JWT_PUBLIC_KEY is not a key for JWT_ALGORITHM RS256"),
    "an RSA key for ES256": (
        {"JWT_ALGORITHM": "ES256", "JWT_PUBLIC_KEY": pem(RSA)},
        "not a key for JWT_ALGORITHM ES256",
    ),
    "another curve": ({"JWT_ALGORITHM": "ES256", "JWT_PUBLIC_KEY": pem(P384)}, "not a key for JWT_ALGORITHM ES256"),
    "a short key": ({"JWT_PUBLIC_KEY": pem(WEAK_RSA)}, "2048"),
    "a private key": ({"JWT_PUBLIC_KEY": PRIVATE}, "must be a public key"),
    "a broken key": ({"JWT_PUBLIC_KEY": pem(RSA)[:99]}, "JWT_PUBLIC_KEY is not a key"),
    "no such file": ({"JWT_PUBLIC_KEY": "/nowhere/key.pem"}, "JWT_PUBLIC_KEY is neither a key in PEM nor a file"),
    "no key": ({}, "JWT_ALGORITHM is RS256, which needs a key"),
    "a key for HS256": ({"JWT_ALGORITHM": "HS256", "JWT_PUBLIC_KEY": pem(RSA)}, "JWT_ALGORITHM must be the algorithm"),
    "two sources": ({"JWT_PUBLIC_KEY": pem(RSA), "JWT_JWKS_URL": "https://id.example"}, "leave one of them out"),
    "plain http": ({"JWT_JWKS_URL": "http://id.example/keys"}, "JWT_JWKS_URL must begin with https://"),
    "an algorithm that is none of ours": ({"JWT_ALGORITHM": "none"}, "JWT_ALGORITHM is 'none' and must be one of"),
    "an audience of our own": ({"JWT_AUDIENCE": "videosession:player"}, "JWT_AUDIENCE must not be"),
}


@pytest.mark.parametrize(("settings", "said"), UNUSABLE.values(), ids=UNUSABLE)
def test_the_service_does_not_start_with_unusable_settings_and_says_why(memory_db, settings, said):
    with pytest.raises(ConfigError, match=re.escape(said)):
        trusting(memory_db, **settings)


def test_without_the_package_for_public_keys_the_error_says_what_to_install(memory_db, monkeypatch):
    monkeypatch.setattr(jwt.algorithms, "has_crypto", False)
    with pytest.raises(ConfigError, match="pip install -r requirements-optional.txt"):
        trusting(memory_db, JWT_PUBLIC_KEY=pem(RSA))


# Published keys


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("name", ["first", None])
def test_tokens_signed_with_published_keys_are_accepted(memory_db, provider, algorithm, name):
    provider.publish(described(P384, "x"), described(ALGORITHMS[algorithm], "first"), described(OTHER_RSA, "other"))
    app = trusting(memory_db, JWT_ALGORITHM=algorithm, JWT_JWKS_URL=provider.url)
    assert status(app, token(ALGORITHMS[algorithm], algorithm, name)) == 404
    assert status(app, token(ALGORITHMS[algorithm], algorithm, "unknown")) == 401
    assert provider.fetches == 1


USELESS = {
    "for encryption": described(RSA, "a", use="enc"),
    "for another algorithm": described(RSA, "a", alg="RS512"),
    "another kind of key": described(P256, "a"),
    "a secret": {"kty": "oct", "k": "c2VjcmV0" * 8, "kid": "a"},
    "a short key": described(WEAK_RSA, "a"),
    "no numbers": {"kty": "RSA", "n": 1, "e": None, "kid": "a"},
    "no object": 7,
}


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits")
@pytest.mark.parametrize("useless", USELESS.values(), ids=USELESS)
def test_published_keys_that_do_not_fit_the_algorithm_are_ignored(memory_db, provider, useless):
    provider.publish(useless, described(OTHER_RSA, "b"))
    app = trusting(memory_db, JWT_JWKS_URL=provider.url)
    assert [status(app, token(key, name="a")) for key in (RSA, WEAK_RSA)] == [401, 401]
    assert status(app, token(OTHER_RSA, name="b")) == 404


def test_a_token_with_an_unknown_key_triggers_a_fetch_at_most_every_30_seconds(provider):
    clock = Clock()
    provider.publish(described(RSA, "a"))
    keys = PublishedKeys(provider.url, "RS256", clock)
    assert keys.find(token(name="a"))
    provider.publish(described(RSA, "a"), described(OTHER_RSA, "b"))
    assert not any(keys.find(token(OTHER_RSA, name="b")) for _ in range(100))
    assert provider.fetches == 1
    clock.seconds += jwks.PAUSE_SECONDS
    assert keys.find(token(OTHER_RSA, name="b"))
    assert provider.fetches == 2


class EndsMeanwhile(PublishedKeys):
    """Keys whose fetch ends right after a request has looked for a key, so there is none left to wait for."""

    def _fetch(self):
        super()._fetch()
        settle(self)


def test_a_token_is_accepted_if_a_fetch_ends_while_its_key_is_looked_for(provider):
    provider.publish(described(RSA, "a"))
    assert EndsMeanwhile(provider.url, "RS256").find(token(name="a"))


def test_a_token_with_another_algorithm_does_not_trigger_a_fetch(memory_db, provider):
    app = trusting(memory_db, JWT_JWKS_URL=provider.url)
    assert status(app, token(name="a")) == 401
    services_of(app).tokens._others.keys._next_fetch_at = 0
    assert status(app, token(SECRET, "HS256", name="b")) == 401
    assert provider.fetches == 1


def test_tokens_of_a_key_that_is_no_longer_published_are_rejected_even_if_cached(memory_db, provider):
    provider.publish(described(RSA, "a"))
    app, clock = trusting(memory_db, JWT_JWKS_URL=provider.url), Clock()
    keys = services_of(app).tokens._others.keys
    keys._clock = clock
    assert status(app, token(name="a")) == 404
    provider.publish(described(OTHER_RSA, "b"))
    clock.seconds += jwks.FRESH_SECONDS + 1
    keys.generation()
    settle(keys)
    assert status(app, token(name="a")) == 401


def test_requests_with_a_known_key_do_not_wait_for_a_fetch(provider):
    clock = Clock()
    provider.publish(described(RSA, "a"))
    keys = PublishedKeys(provider.url, "RS256", clock)
    assert keys.find(token(name="a"))
    provider.may_answer.clear()
    clock.seconds += jwks.FRESH_SECONDS + 1
    keys.generation()
    assert keys.find(token(name="a"))
    assert keys._fetching.is_alive()


AWAY = {
    "an error": (500, "", {}),
    "no JSON": (200, "<html>", {}),
    "no JWKS": (200, "[]", {}),
    "a redirect": (302, '{"keys": []}', {"Location": "/elsewhere"}),
    "too much": (200, '{"keys": []}' + " " * jwks.LARGEST_BYTES, {}),
}


@pytest.mark.parametrize(("status", "body", "headers"), AWAY.values(), ids=AWAY)
def test_while_the_provider_is_unavailable_known_keys_stay_valid_for_a_day(provider, status, body, headers):
    clock = Clock()
    provider.publish(described(RSA, "a"))
    keys = PublishedKeys(provider.url, "RS256", clock)
    assert keys.find(token(name="a"))
    provider.answer(status, body, **headers)
    for seconds in (jwks.FRESH_SECONDS + 1, jwks.KEPT_SECONDS - jwks.FRESH_SECONDS - 2):
        clock.seconds += seconds
        known = keys.generation()
        settle(keys)
        assert keys.find(token(name="a"))
    clock.seconds += jwks.FRESH_SECONDS
    keys.generation()
    settle(keys)
    assert keys.generation() != known
    with pytest.raises(KeysUnavailable):
        keys.find(token(name="a"))


def test_until_keys_have_been_fetched_once_the_answer_is_503_not_401(memory_db, provider):
    provider.answer(500, "")
    client = Client(trusting(memory_db, JWT_JWKS_URL=provider.url), None)
    client.token = token(name="a")
    answer = client.get(f"/api/sessions/{'0' * 32}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert status(client.app, "rubbish") == 401


def test_a_provider_that_never_answers_delays_a_request_only_briefly(provider, monkeypatch):
    monkeypatch.setattr(jwks, "WAIT_SECONDS", 0.05)
    provider.may_answer.clear()
    keys = PublishedKeys(provider.url, "RS256", Clock())
    with pytest.raises(KeysUnavailable):
        keys.find(token(name="a"))


def test_while_the_provider_is_unavailable_requests_with_unknown_keys_do_not_wait(provider):
    clock = Clock()
    provider.publish(described(RSA, "a"))
    keys = PublishedKeys(provider.url, "RS256", clock)
    assert keys.find(token(name="a"))
    provider.answer(500, "")
    clock.seconds += jwks.PAUSE_SECONDS
    assert not keys.find(token(name="b"))
    provider.may_answer.clear()
    clock.seconds += jwks.PAUSE_AFTER_FAILURE_SECONDS
    assert not keys.find(token(name="b"))
    assert keys._fetching.is_alive()


def test_few_requests_with_unknown_keys_wait_for_a_fetch_the_others_get_503(provider):
    provider.may_answer.clear()
    keys, outcomes = PublishedKeys(provider.url, "RS256", Clock()), []

    def find(number: int) -> None:
        try:
            outcomes.append(keys.find(token(name=f"unknown {number}")))
        except KeysUnavailable:
            outcomes.append(None)

    requests = [threading.Thread(target=find, args=(number,)) for number in range(20)]
    for each in requests:
        each.start()
    wait_until(lambda: len(outcomes) == 20 - jwks.MOST_WAITING)
    assert keys._fetching.is_alive()
    provider.publish(described(RSA, "a"))
    provider.may_answer.set()
    for each in requests:
        each.join()
    assert (outcomes.count(None), outcomes.count([])) == (20 - jwks.MOST_WAITING, jwks.MOST_WAITING)


def test_a_fetch_that_never_ends_does_not_keep_keys_valid_for_more_than_a_day(provider):
    clock = Clock()
    provider.publish(described(RSA, "a"))
    keys = PublishedKeys(provider.url, "RS256", clock)
    assert keys.find(token(name="a"))
    provider.may_answer.clear()
    clock.seconds += jwks.KEPT_SECONDS + 1
    before = keys._generation
    assert keys.generation() > before
    assert not keys._keys
