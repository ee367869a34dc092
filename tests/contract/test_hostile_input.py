"""Hostile input: answered with a fitting status in strict JSON, never with 500, and no later read fails.

What was accepted is read back and must be the same, down to each digit.
"""

import json
import tracemalloc
from typing import NamedTuple

import pytest

from tests.answers import canonical, check_problem, strict_json
from tests.client import Client
from tests.service import mint

AT = "2026-03-01T10:00:00Z"
MIB = 1024 * 1024
POSTS = "/api/sessions"


@pytest.fixture
def client(shared_app) -> Client:
    return Client(shared_app)


@pytest.fixture
def nobody(shared_app) -> Client:
    return Client(shared_app, None)


@pytest.fixture(scope="module")
def untouched(shared_app) -> str:
    """A session that rejected requests must leave unchanged."""
    return Client(shared_app).new_session()


class Case(NamedTuple):
    """One hostile request; `{session}` in its path is a session of alice's."""

    status: int
    body: bytes | None = None
    pointer: str | None = None
    method: str = "POST"
    path: str = "/api/sessions/{session}/events"
    headers: dict | None = None


def event(data: str | bytes, timestamp: str = AT) -> bytes:
    """Return an event, as text, with any `data`."""
    content = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    return f'{{"type":"t","timestamp":{json.dumps(timestamp)},"data":'.encode() + content + b"}"


def nested(levels: int) -> bytes:
    return event('{"a":' + "[" * (levels - 1) + "]" * (levels - 1) + "}")


def stamped(timestamp, pointer="/timestamp") -> Case:
    return Case(422, json.dumps({"type": "t", "timestamp": timestamp}).encode(), pointer)


def session(text: str | bytes, pointer: str | None = None) -> Case:
    """A session that is rejected: with 422 and a pointer, or with 400."""
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return Case(400 if pointer is None else 422, content, pointer, path=POSTS)


def typed(content_type: str | None, status: int = 415, **headers) -> Case:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return Case(status, event("{}"), headers=headers | ({"Content-Type": content_type} if content_type else {}))


ACCEPTED = {
    "no data": b'{"type":"t","timestamp":"2026-03-01T10:00:00Z"}',
    "the largest integer": event('{"a":9223372036854775807}'),
    "the smallest integer": event('{"a":-9223372036854775808}'),
    "a small integer beside a large one": event('{"a":1,"b":-9223372036854775808,"c":4294967296}'),
    "minus zero as an integer": event('{"a":-0}'),
    "minus zero as a double": event('{"a":-0.0}'),
    "an exponent": event('{"a":1e2,"b":1E+2,"c":1e-2}'),
    "a fraction that no double is": event('{"a":0.1,"b":0.30000000000000004,"c":1.1}'),
    "the smallest double": event('{"a":5e-324,"b":-5e-324}'),
    "the largest double": event('{"a":1.7976931348623157e308}'),
    "a double too small to tell from zero": event('{"a":1e-400,"b":-1e-400}'),
    "a double beyond 64 bits": event('{"a":1e19,"b":18446744073709551616.0,"c":9007199254740993.0}'),
    "a million digits of a fraction": event('{"a":0.' + "1" * 1_000_000 + "}"),
    "long digit runs in a text": event('{"a":"' + "9" * 5000 + '"}'),
    "long digit runs in a key": event('{"' + "9" * 5000 + '":1}'),
    "long digit runs beside minus zero": event('{"a":"1234567890123456789012","b":-0,"c":1e2}'),
    "true, false, null": event('{"a":true,"b":false,"c":null,"d":[null,true,1,1.0,"1"]}'),
    "64 levels": nested(64),
    "64 levels of objects": event('{"a":' * 63 + "{}" + "}" * 63),
    "keys with dots": event('{"a.b":1,".":2,"..":3,"a.":{"b.c.d":4}}'),
    "keys with dollars": event('{"$set":{"a":1},"$":1,"$where":"1","a$":1,"b":{"$gt":""}}'),
    "extended JSON": event('{"$date":"2026-01-01T00:00:00Z","a":{"$oid":"0"},"b":{"$numberLong":"1"}}'),
    "an empty key": event('{"":{"":{"":1}}}'),
    "ids": event('{"_id":1,"id":2,"eventId":3,"a":{"_id":{"_id":4}}}'),
    "the names of our own fields": event('{"session":1,"owner":2,"deletedAt":3,"exact":"{}","arrival":4,"instant":5}'),
    "a DBRef": event('{"$ref":"a","$id":1}'),
    "a DBRef with a database": event('{"x":{"$ref":"a","$id":1,"$db":"admin"}}'),
    "a DBRef with no database": event('{"x":{"$ref":"a","$id":null,"$db":null}}'),
    "a DBRef with more": event('{"x":[{"$ref":"a","$id":1,"y":2,"$z":3}]}'),
    "a DBRef in a DBRef": event('{"x":{"$ref":"a","$id":{"$ref":"b","$id":{"$ref":"c","$id":1}},"$db":null}}'),
    "a DBRef to no text": event('{"x":{"$ref":5,"$id":1},"y":{"$ref":null,"$id":1,"$db":7}}'),
    "half a DBRef": event('{"x":{"$ref":"a"},"y":{"$id":1},"z":{"$id":1,"$ref":"a"}}'),
    "a DBRef in escapes": event('{"\\u0024ref":"a","\\u0024id":1,"\\u0024db":null}'),
    "a DBRef beside a long number": event('{"x":{"$ref":"a","$id":9223372036854775807,"n":1e2,"m":-0.0}}'),
    "NUL in a value": event('{"a":"\\u0000","b":"x\\u0000y"}'),
    "all control characters": event('{"a":"' + "".join(f"\\u{code:04x}" for code in range(32)) + '\x7f\x80\x9f"}'),
    "beyond the basic plane": event('{"a":"\U0001f600","b":"\\ud83d\\ude00","\U0001f600":1}'),
    "text that looks different and is the same": event('{"é":1,"é":2,"a":"\ufeff\u200b\u202e"}'),
    "noncharacters": event('{"a":"\uffff\ufffe\U0010ffff","\uffff":1}'),
    "a repeated key": event('{"a":1,"b":2,"a":3}'),
    "a repeated member": b'{"type":"x","type":"t","timestamp":"","timestamp":"2026-03-01T10:00:00Z","data":{}}',
    "blanks around everything": b' \t\r\n{ "type" : "t" ,"timestamp":"2026-03-01T10:00:00Z"\n, "data" : { } } \n',
    "markup": event('{"a":"</script><img src=x onerror=alert(1)>","b":"\u2028\u2029"}'),
    "ten thousand keys": event(json.dumps({f"k{number}": number for number in range(10_000)})),
    "a hundred thousand numbers": event(json.dumps({"a": [0] * 100_000})),
    "a text with a hundred and sixty thousand commas": event(json.dumps({"a": ",[{" * 160_000})),
    "one mebibyte exactly": event('{"a":"' + "x" * (MIB - len(event('{"a":""}'))) + '"}'),
    "an operation on the database in a type": b'{"type":"$where","timestamp":"2026-03-01T10:00:00Z","data":{}}',
    "a type of a hundred characters": json.dumps({"type": "\U0001f600" * 100, "timestamp": AT}).encode(),
}

TIMESTAMPS = [
    "2026-03-01T10:00:00.123456789Z",
    "2026-03-01t10:00:00z",
    "2026-03-01T10:00:00-00:00",
    "2026-03-01T10:00:00+23:59",
    "2026-03-01T10:00:00.1-23:59",
    "0001-01-01T00:00:00Z",
    "0001-01-01T23:59:00+23:59",
    "9999-12-31T23:59:59.999999999Z",
    "2024-02-29T00:00:00Z",
    "1582-10-10T00:00:00Z",
]
ACCEPTED |= {f"the instant {stamp}": event("{}", stamp) for stamp in TIMESTAMPS}

NO_TIMESTAMPS = {
    "second 60": "2026-03-01T10:00:60Z",
    "hour 24": "2026-03-01T24:00:00Z",
    "minute 60": "2026-03-01T10:60:00Z",
    "year 0": "0000-01-01T00:00:00Z",
    "before year 1 in UTC": "0001-01-01T00:00:00+14:00",
    "after year 9999 in UTC": "9999-12-31T23:59:59-00:01",
    "no zone": "2026-03-01T10:00:00",
    "no time": "2026-03-01",
    "no seconds": "2026-03-01T10:00Z",
    "a day that is not": "2026-02-29T10:00:00Z",
    "month 13": "2026-13-01T10:00:00Z",
    "day 0": "2026-03-00T10:00:00Z",
    "a blank for T": "2026-03-01 10:00:00Z",
    "a comma": "2026-03-01T10:00:00,5Z",
    "no digits of a fraction": "2026-03-01T10:00:00.Z",
    "ten digits of a fraction": "2026-03-01T10:00:00.1234567890Z",
    "a week": "2026-W09-7T10:00:00Z",
    "the basic format": "20260301T100000Z",
    "an ordinal day": "2026-060T10:00:00Z",
    "a zone without colon": "2026-03-01T10:00:00+0100",
    "a zone of hours": "2026-03-01T10:00:00+01",
    "a zone of 24 hours": "2026-03-01T10:00:00+24:00",
    "a zone with seconds": "2026-03-01T10:00:00+01:00:00",
    "a zone by name": "2026-03-01T10:00:00 UTC",
    "digits of another script": "２０２６-03-01T10:00:00Z",
    "Arabic digits": "2026-03-01T10:00:0٠Z",
    "a blank before": " 2026-03-01T10:00:00Z",
    "a line's end": "2026-03-01T10:00:00Z\n",
    "a NUL": "2026-03-01T10:00:00Z\0",
    "a year of five digits": "12026-03-01T10:00:00Z",
    "a sign before the year": "+2026-03-01T10:00:00Z",
    "an underscore": "2026-03-01T10:00:0_0Z",
    "nothing": "",
    "41 characters": "2026-03-01T10:00:00." + "0" * 20 + "Z",
    "a megabyte": "2" * 1_000_000,
    "a number": 1772359200,
    "null": None,
    "a list": ["2026-03-01T10:00:00Z"],
    "an object": {"$date": "2026-03-01T10:00:00Z"},
    "true": True,
    "a lone surrogate": "2026-03-01T10:00:00Z\ud800",
}

REFUSED = {f"a timestamp of {name}": stamped(stamp) for name, stamp in NO_TIMESTAMPS.items()}
REFUSED |= {
    "no body": Case(400, b""),
    "blanks": Case(400, b"  \n"),
    "no JSON": Case(400, b"title=x"),
    "JSON cut short": Case(400, event("{}")[:-1]),
    "JSON and more": Case(400, event("{}") + b"{}"),
    "a comma too many": Case(400, event('{"a":1,}')),
    "a comment": Case(400, event("{/**/}")),
    "single quotes": Case(400, event("{'a':1}")),
    "NaN": Case(400, event('{"a":NaN}')),
    "Infinity": Case(400, event('{"a":-Infinity}')),
    "a plus sign": Case(400, event('{"a":+1}')),
    "a leading zero": Case(400, event('{"a":01}')),
    "a number beginning with a dot": Case(400, event('{"a":.5}')),
    "a number ending with a dot": Case(400, event('{"a":1.}')),
    "a hexadecimal number": Case(400, event('{"a":0x1}')),
    "a raw line's end in a text": Case(400, event('{"a":"\n"}')),
    "a bad escape": Case(400, event('{"a":"\\x41"}')),
    "half an escape": Case(400, event('{"a":"\\u00"}')),
    "UTF-16": Case(400, event("{}").decode().encode("utf-16")),
    "UTF-32": Case(400, event("{}").decode().encode("utf-32-be")),
    "Latin-1": Case(400, event('{"a":"é"}'.encode("latin-1"))),
    "a byte order mark": Case(400, b"\xef\xbb\xbf" + event("{}")),
    "an overlong slash": Case(400, event(b'{"a":"\xc0\xaf"}')),
    "a surrogate in UTF-8": Case(400, event(b'{"a":"\xed\xa0\x80"}')),
    "a cut character": Case(400, event(b'{"a":"\xf0\x9f"}')),
    "beyond Unicode": Case(400, event(b'{"a":"\xf4\x90\x80\x80"}')),
    "a raw NUL": Case(400, event(b'{"a":"\0"}')),
    "2^63": Case(422, event('{"a":9223372036854775808}'), "/data/a"),
    "-2^63 - 1": Case(422, event('{"a":[-9223372036854775809]}'), "/data/a/0"),
    "2^64": Case(422, event('{"a":18446744073709551616}'), "/data/a"),
    "five thousand digits": Case(422, event('{"a":' + "9" * 5000 + "}"), "/data/a"),
    "a million digits": Case(422, event('{"a":-' + "9" * 1_000_000 + "}"), "/data/a"),
    "1e400": Case(422, event('{"a":1e400}'), "/data/a"),
    "-1e400": Case(422, event('{"a":{"b":-1e400}}'), "/data/a/b"),
    "a double of a million digits": Case(422, event('{"a":1' + "0" * 1_000_000 + ".5}"), "/data/a"),
    "an exponent of a million digits": Case(422, event('{"a":1e' + "9" * 1_000_000 + "}"), "/data/a"),
    "65 levels": Case(422, nested(65), "/data/a" + "/0" * 63),
    "65 levels of objects": Case(422, event('{"a":' * 64 + "{}" + "}" * 64), "/data" + "/a" * 64),
    "100 levels": Case(422, nested(100), "/data/a" + "/0" * 63),
    "1 000 levels": Case(422, nested(1000), "/data/a" + "/0" * 63),
    "1 024 levels": Case(422, nested(1024), "/data/a" + "/0" * 63),
    "100 000 levels": Case(422, nested(100_000), "/data/a" + "/0" * 63),
    "100 000 levels after a text with brackets": Case(
        422, event('{"]":"[[\\"[","a":' + "[" * 100_000 + "]" * 100_000 + "}"), "/data/a" + "/0" * 63
    ),
    "brackets without end": Case(422, event('{"a":' + "[" * 140_000), "/data/a" + "/0" * 63),
    "more brackets than a body may have values": Case(422, event('{"a":' + "[" * 500_000), ""),
    "more values than a body may have": Case(422, event(json.dumps({"a": [0] * 150_000})), ""),
    "a NUL in a key below one of a thousand characters": Case(422, event(json.dumps({"a" * 1000: {"\0": 1}})), "/data"),
    "NUL in a key": Case(422, event('{"a\\u0000":1}'), "/data/a\0"),
    "NUL in a deep key": Case(422, event('{"a":[{"\\u0000":{}}]}'), "/data/a/0/\0"),
    "a lone surrogate": Case(422, event('{"a":"\\ud800"}'), "/data/a"),
    "a lone low surrogate": Case(422, event('{"a":["\\udc00x"]}'), "/data/a/0"),
    "surrogates in the wrong order": Case(422, event('{"a":"\\ude00\\ud83d"}'), "/data/a"),
    "a lone surrogate in a key": Case(422, event('{"\\ud800":1}'), "/data/?"),
    "a pointer in need of escapes": Case(422, event('{"a/b":{"m~n":1e400}}'), "/data/a~1b/m~0n"),
    "data of null": Case(422, event("null"), "/data"),
    "data of a list": Case(422, event("[]"), "/data"),
    "data of a text": Case(422, event('"{}"'), "/data"),
    "data of a number": Case(422, event("0"), "/data"),
    "data of false": Case(422, event("false"), "/data"),
    "no timestamp": Case(422, b'{"type":"t"}', "/timestamp"),
    "no type": Case(422, b'{"timestamp":"2026-03-01T10:00:00Z"}', "/type"),
    "a type of null": Case(422, b'{"type":null,"timestamp":"2026-03-01T10:00:00Z"}', "/type"),
    "a type of a number": Case(422, b'{"type":1,"timestamp":"2026-03-01T10:00:00Z"}', "/type"),
    "an empty type": Case(422, b'{"type":"","timestamp":"2026-03-01T10:00:00Z"}', "/type"),
    "a type of 101 characters": Case(422, json.dumps({"type": "t" * 101, "timestamp": AT}).encode(), "/type"),
    "a type with a lone surrogate": Case(422, b'{"type":"\\ud800","timestamp":"2026-03-01T10:00:00Z"}', "/type"),
    "an unknown field": Case(422, event("{}")[:-1] + b',"_id":"x"}', "/_id"),
    "an unknown field with a dollar": Case(422, event("{}")[:-1] + b',"$set":{}}', "/$set"),
    "an unknown empty field": Case(422, event("{}")[:-1] + b',"":1}', "/"),
    "an unknown field of a lone surrogate": Case(422, event("{}")[:-1] + b',"\\ud800":1}', "/?"),
    "an unknown field with a name of the validator's": Case(422, event("{}")[:-1] + b',"_schema":1}', "/_schema"),
    "a field in the wrong case": Case(422, event("{}")[:-1] + b',"Data":{}}', "/Data"),
    "a number alone": Case(422, b"1", ""),
    "null alone": Case(422, b"null", ""),
    "a text alone": Case(422, b'"x"', ""),
    "true alone": Case(422, b"true", ""),
    "no title": session("{}", "/title"),
    "a title of null": session('{"title":null}', "/title"),
    "an empty title": session('{"title":""}', "/title"),
    "a title of 201 characters": session(json.dumps({"title": "t" * 201}), "/title"),
    "a title of a list": session('{"title":["x"]}', "/title"),
    "a title of an object": session('{"title":{"$gt":""}}', "/title"),
    "a title beyond the doubles": session('{"title":1e400}', "/title"),
    "a title with a lone surrogate": session('{"title":"x\\udfff"}', "/title"),
    "a title of 100 000 levels": session('{"title":' + "[" * 100_000, "/title"),
    "a description of null": session('{"title":"x","description":null}', "/description"),
    "a description of 5 001 characters": session(json.dumps({"title": "x", "description": "d" * 5001}), "/description"),
    "an id of the client's own": session('{"title":"x","id":"mine"}', "/id"),
    "an owner of the client's choice": session('{"title":"x","owner":"bob"}', "/owner"),
    "a time of the client's own": session('{"title":"x","createdAt":"2026-03-01T10:00:00Z"}', "/createdAt"),
    "a list of sessions": session('[{"title":"x"}]', ""),
    "a session in no JSON": session("{"),
    "a session of 100 000 lists": session("[" * 100_000, ""),
    "one byte above a mebibyte": Case(413, event('{"a":"' + "x" * (MIB + 1 - len(event('{"a":""}'))) + '"}')),
    "one byte of blanks above a mebibyte": Case(413, b" " * (MIB + 1)),
    "four mebibytes": Case(413, b"[" * (4 * MIB)),
    "no media type": typed(None),
    "a form": typed("application/x-www-form-urlencoded"),
    "a form in parts": typed("multipart/form-data; boundary=x"),
    "text": typed("text/plain"),
    "text/json": typed("text/json"),
    "a JSON dialect": typed("application/vnd.api+json"),
    "a media type of stars": typed("*/*"),
    "a media type that is none": typed("json"),
    "two media types": typed("text/plain, application/json"),
    "another character set": typed("application/json; charset=utf-16"),
    "Latin-1 by name": typed("application/json; charset=iso-8859-1"),
    "gzip": typed("application/json", Content_Encoding="gzip"),
    "an encoding of identity": typed("application/json", Content_Encoding="identity"),
    "an encoding that is none": typed("application/json", Content_Encoding=""),
    "an unknown query parameter": Case(400, event("{}"), path="/api/sessions/{session}/events?type=x"),
    "a repeated query parameter": Case(400, method="GET", path="/api/sessions/{session}?a=1&a=2"),
    "a query without a name": Case(400, method="GET", path="/api/sessions/{session}?=1"),
    "a query that is no UTF-8": Case(400, method="GET", path="/api/sessions/{session}?a=%ff"),
    "a query in raw bytes": Case(400, method="DELETE", path="/api/sessions/{session}?é=ü"),
    "a query of NUL": Case(400, method="DELETE", path="/api/sessions/{session}?%00"),
    "a query of a thousand parameters": Case(400, b'{"title":"x"}', path=POSTS + "?" + "&".join("a" * 1000)),
}

IDS = {
    "one that was never made": "0" * 32,
    "in capitals": "{SESSION}",
    "cut short": "0" * 31,
    "too long": "0" * 33,
    "of another alphabet": "g" * 32,
    "full-width digits": "%EF%BC%90" * 32,
    "a line's end after it": "{session}%0A",
    "NUL after it": "{session}%00",
    "a blank after it": "{session}%20",
    "an event's": "{session}:0",
    "bytes that are no UTF-8": "%ff%fe",
    "null": "null",
    "undefined": "undefined",
    "an object": "%7B%22%24gt%22%3A%22%22%7D",
    "a pattern": ".*",
    "the directory above": "%2e%2e",
    "markup": "%3Cscript%3E",
    "a long text": "a" * 3000,
    "a percent sign alone": "%",
    "a surrogate in UTF-8": "%ed%a0%80",
}
for name, place in IDS.items():
    REFUSED |= {
        f"reading an id: {name}": Case(404, method="GET", path=f"/api/sessions/{place}"),
        f"appending to an id: {name}": Case(404, event("{}"), path=f"/api/sessions/{place}/events"),
        f"deleting an id: {name}": Case(404, method="DELETE", path=f"/api/sessions/{place}"),
    }

REFUSED |= {
    f"{method} {path}": Case(405, method=method, path=path)
    for path in (POSTS, "/api/sessions/{session}", "/api/sessions/{session}/events")
    for method in ("PUT", "TRACE", "CONNECT", "PROPFIND", "BREW", "X" * 1000)
}
REFUSED |= {
    f"the path {path}": Case(404, method="GET", path=path)
    for path in (
        "//api/sessions/{session}",
        "/api//sessions/{session}",
        "/api/sessions//{session}",
        "/api/sessions/{session}/",
        "/api/sessions/{session}//events",
        "/api/./sessions/{session}",
        "/api/sessions/../sessions/{session}",
        "/API/sessions/{session}",
        "/api/sessions/{session};a=1",
        "/static/%00",
        "/static/..%2f..%2fwsgi.py",
        "/static/%2e%2e/%2e%2e/.env",
        "/\\evil.example",
        "/api/sessions\u202e",
        "/" + "a/" * 1500,
    )
}


SAFE_IDS = ["a", "A-z_0.9", "x" * 200]
UNSAFE_IDS = ["", "x" * 201, "a b", "é", "a;b", "<script>", "a,b", "../..", "\x7f", "${jndi:ldap://x}", "%0d%0a"]


def send(client, case: Case, session_id: str):
    path = case.path.replace("{session}", session_id).replace("{SESSION}", session_id.upper())
    plain = {"Content-Type": "application/json"} if case.body is not None else {}
    headers = plain if case.headers is None else case.headers
    return client.request(case.method, path, case.body, content_type=None, headers=headers)


@pytest.mark.parametrize("body", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_accepted_is_returned_unchanged(client, body):
    session_id = client.new_session()
    answer = client.append(session_id, body)
    assert answer.status_code == 201, answer.text[:500]
    sent = {"data": {}} | strict_json(body)
    expected = sent | {"eventId": answer.json["eventId"]}
    assert canonical(strict_json(answer.data)) == canonical(expected)
    read = client.get(f"/api/sessions/{session_id}")
    assert canonical(strict_json(read.data)["events"]) == canonical([expected])


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_a_rejected_request_says_why_and_changes_nothing(client, untouched, case):
    document = check_problem(send(client, case, untouched), case.status)
    assert (case.status == 422) == ("errors" in document)
    if case.pointer is not None:
        assert [error["pointer"] for error in document["errors"]] == [case.pointer]
        assert all(error["detail"] for error in document["errors"])
    read = client.get(f"/api/sessions/{untouched}")
    assert (read.status_code, strict_json(read.data)["events"]) == (200, [])


def test_of_many_validation_errors_the_first_hundred_are_listed_and_all_are_counted(client, untouched):
    body = event(json.dumps({"a": [2**63] * 1000}))
    document = check_problem(client.append(untouched, body), 422)
    assert [error["pointer"] for error in document["errors"]] == [f"/data/a/{place}" for place in range(100)]
    assert document["errorsOmitted"] == 900


LONG_KEY = "k" * 100_000
LONG_NAME = f'{{"{LONG_KEY}":1}}'
LONG_NAMES = {
    "of a field": LONG_NAME,
    "of fields on many lines": "\n".join([LONG_NAME] * 10),
    "of fields in an array": f"[{','.join([LONG_NAME] * 5)}]",
    "in need of escapes": LONG_NAME.replace(LONG_KEY, "/" * 150),
}


@pytest.mark.parametrize("body", LONG_NAMES.values(), ids=LONG_NAMES)
def test_a_long_field_name_is_not_echoed_in_full(client, untouched, body):
    kind = "application/x-ndjson" if "\n" in body else "application/json"
    answer = send(client, Case(422, body.encode(), headers={"Content-Type": kind}), untouched)
    document = check_problem(answer, 422)
    assert len(answer.data) < 10_000
    assert all(len(error["pointer"]) <= 200 for error in document["errors"])


LARGE_PLACES = {
    "containers below a long key": (201, f'{{"{LONG_KEY}":[{"[]," * 10_000}1]}}'),
    "faults below a long key": (422, f'{{"{LONG_KEY}":[{"1e400," * 10_000}1]}}'),
    "too deep below a long key": (422, f'{{"{LONG_KEY}":{"[" * 10_000}'),
    "faults below a key of nine hundred": (422, f'{{"{"k" * 900}":[{"1e400," * 20_000}1]}}'),
}


@pytest.mark.parametrize(("status", "data"), LARGE_PLACES.values(), ids=LARGE_PLACES)
def test_a_long_key_is_not_repeated_for_every_error_below_it(client, status, data):
    session_id = client.new_session()
    tracemalloc.start()
    try:
        answer = client.append(session_id, event(data))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == status
    assert len(answer.data) < 2 * len(data)
    assert peak < 100 * len(data)


@pytest.mark.parametrize("sent", SAFE_IDS)
def test_a_safe_request_id_is_adopted(client, sent):
    assert client.get("/livez", headers={"X-Request-Id": sent}).headers["X-Request-Id"] == sent


@pytest.mark.parametrize("sent", UNSAFE_IDS)
def test_an_unsafe_request_id_is_replaced(client, sent):
    answer = client.get("/api/sessions/x", headers={"X-Request-Id": sent})
    assert answer.headers["X-Request-Id"].isalnum()
    assert check_problem(answer, 404)["requestId"] != sent


class Wrong(NamedTuple):
    """What can be wrong with a request, in the order in which it must be reported."""

    status: int
    method: str = "POST"
    authorization: str = f"Bearer {mint()}"
    content_type: str = "application/json"
    body: bytes = event("{}")
    query: str = ""
    session_id: str = "0" * 32


LARGE, NO_JSON, INVALID = b" " * (MIB + 1), b"{", b'{"type":1}'
FAULTS = {
    "405 before all": Wrong(405, "PATCH", "", "text/plain", LARGE, "?a=1"),
    "401 before 415": Wrong(401, "POST", "", "text/plain", LARGE, "?a=1"),
    "403 before 415": Wrong(403, "POST", f"Bearer {mint(scope='sessions:read')}", "text/plain", LARGE, "?a=1"),
    "415 before 413": Wrong(415, "POST", f"Bearer {mint()}", "text/plain", LARGE, "?a=1"),
    "413 before 400": Wrong(413, body=LARGE, query="?a=1"),
    "400 before 422": Wrong(400, body=INVALID, query="?a=1"),
    "400 for no JSON": Wrong(400, body=NO_JSON),
    "422 before 404": Wrong(422, body=INVALID),
    "404 in the end": Wrong(404),
}


@pytest.mark.parametrize("wrong", FAULTS.values(), ids=FAULTS)
def test_when_several_things_are_wrong_the_checks_run_in_a_fixed_order(nobody, wrong):
    answer = nobody.request(
        wrong.method,
        f"/api/sessions/{wrong.session_id}/events{wrong.query}",
        wrong.body,
        content_type=wrong.content_type,
        headers={"Authorization": wrong.authorization},
    )
    check_problem(answer, wrong.status)
