"""Any token is either accepted or answered with 401 and how to get a valid one; never with 500."""

import time

import pytest

from tests.answers import check_problem
from tests.client import Client
from tests.service import mint, sign

POSTS = "/api/sessions"


@pytest.fixture
def nobody(shared_app) -> Client:
    return Client(shared_app, None)


def signed(**claims) -> str:
    return f"Bearer {mint(**claims)}"


def payload(text: str) -> str:
    """Sign a payload that may be anything."""
    return f"Bearer {sign(text.encode())}"


NOW = int(time.time())
TOKENS = {
    "none": "",
    "no scheme": mint(),
    "another scheme": f"Basic {mint()}",
    "a scheme alone": "Bearer",
    "a scheme and a blank": "Bearer ",
    "two blanks": f"Bearer  {mint()}",
    "a tab": f"Bearer\t{mint()}",
    "two headers in one": f"{signed()}, {signed()}",
    "not a JWT": "Bearer abc",
    "dots": "Bearer ...",
    "two parts": f"Bearer {mint().rpartition('.')[0]}",
    "no signature": f"Bearer {mint().rpartition('.')[0]}.",
    "a signature of another token": f"Bearer {mint().rpartition('.')[0]}.{mint(sub='bob').rpartition('.')[2]}",
    "another secret": f"Bearer {mint('another secret, also longer than thirty-two bytes')}",
    "an empty secret": f"Bearer {mint('')}",
    "alg none": f"Bearer {mint(algorithm='none')}",
    "alg HS384": f"Bearer {mint(algorithm='HS384')}",
    "alg HS512": f"Bearer {mint(algorithm='HS512')}",
    "alg NONE in a header of its own": "Bearer eyJhbGciOiJOT05FIn0.eyJzdWIiOiJhbGljZSJ9.",
    "a header of an array": "Bearer W10.e30.AAAA",
    "a header deeper than anybody reads": "Bearer " + "W1tb" * 2500 + ".e30.AAAA",
    "letters beyond ASCII": "Bearer é.é.é",
    "bytes of NUL": "Bearer \0.\0.\0",
    "six thousand characters": "Bearer " + "a" * 6000,
    "no exp": signed(exp=None),
    "expired beyond the leeway": signed(exp=NOW - 60),
    "exp of a text": signed(exp=str(NOW + 3600)),
    "exp of true": signed(exp=True),
    "exp of NaN": signed(exp=float("nan")),
    "exp of infinity": signed(exp=float("inf")),
    "exp of minus infinity": signed(exp=float("-inf")),
    "exp of a list": signed(exp=[NOW + 3600]),
    "exp of an object": signed(exp={"$gt": 0}),
    "exp of five thousand digits": payload('{"sub":"alice","exp":' + "9" * 5000 + "}"),
    "nbf in the future": signed(nbf=NOW + 3600),
    "nbf of a text": signed(nbf="x"),
    "iat in the future": signed(iat=NOW + 3600),
    "an audience": signed(aud="somebody else"),
    "an audience of a number": signed(aud=5),
    "a refresh token": signed(type="refresh"),
    "no sub": signed(sub=None),
    "an empty sub": signed(sub=""),
    "a sub of 256 characters": signed(sub="s" * 256),
    "a sub of a number": signed(sub=5),
    "a sub of an object": signed(sub={"$gt": ""}),
    "a sub of a list": signed(sub=["alice"]),
    "a sub with a lone surrogate": signed(sub="\ud800"),
    "a payload of an array": payload("[]"),
    "a payload of a number": payload("1"),
    "a payload of null": payload("null"),
    "a payload of nothing": payload(""),
    "a payload that is no JSON": payload("sub=alice"),
    "a payload too deep to read": payload('{"sub":' + "[" * 4000 + "]" * 4000 + ',"exp":9999999999}'),
    "a payload that never ends": payload("[" * 5000),
}

GOOD_TOKENS = {
    "bearer in small letters": f"bearer {mint()}",
    "BEARER in capitals": f"BEARER {mint()}",
    "an audience of nobody": signed(aud=[]),
    "a type of a list": signed(type=["access"]),
    "exp in the year 30 000 000 000": signed(exp=10**18),
    "exp beyond every calendar": signed(exp=10**400),
    "exp with a fraction": signed(exp=NOW + 3600.5),
    "a sub of 255 characters": signed(sub="s" * 255),
    "a sub beyond the basic plane": signed(sub="\U0001f600" * 255),
    "a sub with NUL, dots and dollars": signed(sub="\0$where.a"),
    "claims that nobody knows": signed(roles=["admin"], nested={"a": [1]}, scope="openid profile"),
    "scopes of everything": signed(scope="sessions:read sessions:write"),
}


@pytest.mark.parametrize("header", TOKENS.values(), ids=TOKENS)
def test_an_invalid_token_is_answered_with_401_and_www_authenticate(nobody, header):
    answer = nobody.post(POSTS, {"title": "x"}, headers={"Authorization": header})
    check_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("header", GOOD_TOKENS.values(), ids=GOOD_TOKENS)
def test_unusual_but_valid_tokens_are_accepted(nobody, header):
    made = nobody.post(POSTS, {"title": "x"}, headers={"Authorization": header})
    assert made.status_code == 201, made.text
    read = nobody.get(f"{POSTS}/{made.json['id']}", headers={"Authorization": header})
    assert read.status_code == 200


# The claims of a token, and whether it may read and write.
SCOPES = {
    "none": ({}, True, True),
    "null": ({"scope": None}, True, True),
    "read": ({"scope": "sessions:read"}, True, False),
    "write, as a list": ({"scope": ["sessions:write"]}, False, True),
    "both in scp": ({"scp": "sessions:read sessions:write"}, True, True),
    "read in scp, as a list": ({"scp": ["sessions:read"]}, True, False),
    "one in each": ({"scope": "sessions:read", "scp": ["sessions:write"]}, True, True),
    "OpenID Connect's own": ({"scope": "openid profile email address phone offline_access"}, True, True),
    "OpenID Connect's own and read": ({"scope": "openid sessions:read"}, True, False),
    "of another service": ({"scope": "videos:read"}, False, False),
    "OpenID Connect's own and another service's": ({"scope": "openid videos:read"}, False, False),
    "in capitals": ({"scope": "SESSIONS:READ"}, False, False),
    "an unknown one of ours": ({"scope": "sessions:delete"}, False, False),
    "summaries alone": ({"scope": "sessions:summary"}, False, False),
    "a number": ({"scope": 5}, False, False),
    "an object": ({"scope": {"sessions:read": True}}, False, False),
    "a list of numbers": ({"scp": [1]}, False, False),
    "an empty text": ({"scope": ""}, False, False),
    "an object beside OpenID Connect's own": ({"scope": {"sessions": ["read"]}, "scp": "openid"}, False, False),
    "a number beside read": ({"scope": 5, "scp": ["sessions:read"]}, True, False),
    "a list in a list of OpenID Connect's own": ({"scope": ["openid", ["sessions:read"]]}, False, False),
}


@pytest.mark.parametrize(("claims", "reads", "writes"), SCOPES.values(), ids=SCOPES)
def test_a_token_with_scopes_allows_exactly_what_its_known_scopes_allow(nobody, claims, reads, writes):
    header = {"Authorization": signed(**claims)}
    assert nobody.get(POSTS, headers=header).status_code == (200 if reads else 403)
    assert nobody.post(POSTS, {"title": "x"}, headers=header).status_code == (201 if writes else 403)


@pytest.mark.parametrize(("seconds_ago", "status"), [(0, 201), (60, 401)])
def test_an_expired_token_is_accepted_within_the_leeway(nobody, seconds_ago, status):
    token = mint(exp=int(time.time()) - seconds_ago)
    answer = nobody.post(POSTS, {"title": "x"}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == status
