"""Whatever arrives at the socket: HTTP, almost HTTP, or nothing like it; with a real gunicorn.

What is not HTTP never reaches the service, and is refused in the same form.
"""

import http.client
import io
import json
import socket

import pytest

from tests.answers import check_problem, strict_json
from tests.service import Answer, mint, wait_until

pytestmark = pytest.mark.processes

MIB = 1024 * 1024
BODY = b'{"title":"x"}'
TOKEN = f"Authorization: Bearer {mint()}\r\n".encode()
JSON = b"Content-Type: application/json\r\n"
HEAD = b"POST /api/sessions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + TOKEN + JSON


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


def chunked(*parts: bytes, head: bytes = HEAD) -> bytes:
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(parts)


def lengthy(length: bytes, body: bytes = BODY, head: bytes = HEAD) -> bytes:
    return head + b"Content-Length: " + length + b"\r\n\r\n" + body


def request(line: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    head = b"".join(header + b"\r\n" for header in (b"Host: localhost", b"Connection: close", *headers))
    return line + b"\r\n" + head + TOKEN + b"\r\n" + body


LAST = b"0\r\n\r\n"

# What reaches the service.
ANSWERED = {
    "chunks": (201, chunked(chunk(BODY[:3]), chunk(BODY[3:]), LAST)),
    "chunks of a byte": (201, chunked(*(chunk(BODY[at : at + 1]) for at in range(len(BODY))), LAST)),
    "chunks with extensions": (201, chunked(b'%x;a=1;b="2"\r\n%s\r\n' % (len(BODY), BODY), LAST)),
    "chunks with trailers": (201, chunked(chunk(BODY), b"0\r\nX-Trailer: 1\r\n\r\n")),
    "chunks of nothing": (400, chunked(LAST)),
    "chunks above a mebibyte": (413, chunked(*[chunk(b" " * 65536)] * 17, LAST)),
    "one chunk above a mebibyte": (413, chunked(chunk(b" " * (MIB + 1)), LAST)),
    "chunks just within a mebibyte": (201, chunked(chunk(BODY), chunk(b" " * (MIB - len(BODY))), LAST)),
    "a chunk size of letters": (400, chunked(b"zz\r\n" + BODY + b"\r\n", LAST)),
    "a chunk size with a sign": (400, chunked(b"-5\r\n" + BODY + b"\r\n", LAST)),
    "a chunk size with an underscore": (400, chunked(b"0_d\r\n" + BODY + b"\r\n", LAST)),
    "a chunk longer than it says": (400, chunked(b"3\r\n" + BODY + b"\r\n", LAST)),
    "a chunk size of a mile": (400, chunked(b"d" * 20_000)),
    "a chunk that never comes": (400, chunked(b"fffff\r\n" + BODY)),
    "chunks that stop": (400, chunked(chunk(BODY))),
    "chunks with a bad trailer": (400, chunked(chunk(BODY), b"0\r\nno colon\r\n\r\n")),
    "a length that is too long": (400, lengthy(b"1000")),
    "a length that is too short": (400, lengthy(b"5")),
    "a length of nothing": (400, lengthy(b"0")),
    "no length": (400, HEAD + b"\r\n"),
    "a length above a mebibyte and no body": (413, lengthy(b"1048577", b"")),
    "a length of a petabyte": (413, lengthy(b"1000000000000000")),
    "a length of thirty digits": (413, lengthy(b"1" + b"0" * 29)),
    "leading zeros of a length": (201, lengthy(b"0000013")),
    "more leading zeros of a length than a number has digits": (201, lengthy(b"0" * 20 + b"13")),
    "leading zeros of a chunk size": (201, chunked(b"%012x\r\n%s\r\n" % (len(BODY), BODY), LAST)),
    "a chunk size of twelve digits": (400, chunked(b"f" * 12 + b"\r\n" + BODY)),
    "another transfer coding": (501, chunked(chunk(BODY), LAST, head=HEAD + b"Transfer-Encoding: gzip\r\n")),
    "another transfer coding in the same line": (
        501,
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunk(BODY) + LAST,
    ),
    "Expect: 100-continue": (201, lengthy(b"13", head=HEAD + b"Expect: 100-continue\r\n")),
    "gzip": (415, lengthy(b"13", head=HEAD + b"Content-Encoding: gzip\r\n")),
    "two tokens": (401, lengthy(b"13", head=HEAD + TOKEN)),
    "a body with a GET": (404, request(b"GET /api/sessions/x HTTP/1.1", b"Content-Length: 13", body=BODY)),
    "a body with a DELETE": (404, request(b"DELETE /api/sessions/x HTTP/1.1", b"Content-Length: 13", body=BODY)),
    "a large body with a DELETE": (
        404,
        request(b"DELETE /api/sessions/x HTTP/1.1", b"Content-Length: 3145728", body=b" " * 3 * MIB),
    ),
    "a path that looks like a host": (404, request(b"GET //evil.example/api/sessions HTTP/1.1")),
    "a path that looks like a host and goes up": (404, request(b"GET //evil.example/%2e%2e HTTP/1.1")),
    "two slashes": (404, request(b"GET /api//sessions HTTP/1.1")),
    "a slash at the end": (404, request(b"GET /api/sessions/ HTTP/1.1")),
    "a whole URL for a path": (405, request(b"DELETE http://evil.example/api/sessions HTTP/1.1")),
    "a path with a line's end in it": (404, request(b"GET /api/sessions/a%0d%0aX-Evil:%201 HTTP/1.1")),
    "a query with a line's end in it": (400, request(b"GET /api/sessions/a?a=%0d%0aX-Evil:%201 HTTP/1.1")),
    "a fragment": (404, request(b"GET /api/sessions/x#y HTTP/1.1")),
    "an unknown method": (405, request(b"BREW /api/sessions HTTP/1.1")),
    "a host of raw bytes": (404, request(b"GET /api/sessions/x HTTP/1.1", b"X-Forwarded-Host: \xff\xfe")),
    "a forwarded scheme": (404, request(b"GET /api/sessions/x HTTP/1.1", b"X-Forwarded-Proto: gopher")),
    "another method in a header": (404, request(b"GET /api/sessions/x HTTP/1.1", b"X-HTTP-Method-Override: DELETE")),
    "a header with an underscore": (404, request(b"GET /api/sessions/x HTTP/1.1", b"Content_Length: 5")),
    "HTTP/1.0": (201, HEAD.replace(b"HTTP/1.1", b"HTTP/1.0") + b"Content-Length: 13\r\n\r\n" + BODY),
    "HTTP/1.0 without a host": (404, b"GET /api/sessions/x HTTP/1.0\r\n" + TOKEN + b"\r\n"),
    "cookies": (404, request(b"GET /api/sessions/x HTTP/1.1", b"Cookie: " + b"a=b; " * 1000)),
    "an unsafe request id": (404, request(b"GET /api/sessions/x HTTP/1.1", b"X-Request-Id: \xff\xc3\xa9")),
}

GOOD = b"GET /api/sessions/x HTTP/1.1"
# What gunicorn refuses: the client is told, and it is not the server's fault.
REFUSED = {
    "nothing like HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10 + b"\r\n\r\n",
    "a line without a version": request(b"GET /api/sessions"),
    "an unknown version": request(b"GET /api/sessions HTTP/9.9"),
    "the beginning of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a method in small letters": request(b"get /api/sessions/x HTTP/1.1"),
    "a method of signs": request(b"G(T /api/sessions HTTP/1.1"),
    "a path with a blank": request(b"GET /api/ sessions HTTP/1.1"),
    "a path that begins with no slash": request(b"GET api/sessions HTTP/1.1"),
    "a line of ten thousand": request(b"GET /" + b"a" * 10_000 + b" HTTP/1.1"),
    "a header of ten thousand": request(GOOD, b"X: " + b"a" * 10_000),
    "five hundred headers": request(GOOD, *[b"X%d: 1" % number for number in range(500)]),
    "a header without a colon": request(GOOD, b"no colon"),
    "a header with a blank in its name": request(GOOD, b"Content Type: x"),
    "a blank before the colon": request(GOOD, b"Content-Length : 5"),
    "a folded header": request(GOOD, b"X: a\r\n b"),
    "NUL in a header": request(GOOD, b"X: a\0b"),
    "a bare line feed in a header": request(GOOD, b"X: a\rb"),
    "two lengths": lengthy(b"13", head=HEAD + b"Content-Length: 14\r\n"),
    "a length and chunks": chunked(chunk(BODY), LAST, head=HEAD + b"Content-Length: 13\r\n"),
    "a length below nothing": lengthy(b"-1"),
    "a length with a sign": lengthy(b"+13"),
    "a length with an underscore": lengthy(b"1_3"),
    "a length of letters": lengthy(b"abc"),
    "a length of other digits": lengthy("１３".encode()),
    "a length of a blank": lengthy(b""),
    "an unknown transfer coding": HEAD + b"Transfer-Encoding: tea\r\n\r\n",
    "chunks twice": chunked(chunk(BODY), LAST, head=HEAD + b"Transfer-Encoding: chunked\r\n"),
    "another expectation": lengthy(b"13", head=HEAD + b"Expect: tea\r\n"),
    "a host too long to be one": request(GOOD).replace(b"localhost", b"a" * 5000),
    "two media types": lengthy(b"13", head=HEAD + b"Content-Type: text/plain\r\n"),
    "a path of raw bytes": request(b"GET /api/sessions/\xff\xfe HTTP/1.1"),
    "two hosts": request(GOOD, b"Host: evil.example"),
}
HOSTS = [
    b"evil.example",
    b"a b",
    b"a/b",
    b"\xff",
    b"[::1",
    b"localhost:99999999",
    b"xn--a",
    b"",
    b"<script>",
    b"." * 300,
]


def read(received: bytes) -> Answer:
    """Read the last answer on a connection, which closed behind it."""

    with socket.socket() as connection:
        answer = http.client.HTTPResponse(connection)
    answer.fp = io.BufferedReader(io.BytesIO(received))
    answer.begin()
    return Answer(answer.status, answer.headers, answer.read())


@pytest.mark.parametrize(("status", "sent"), ANSWERED.values(), ids=ANSWERED)
def test_every_request_that_reaches_the_service_is_answered_in_json(service, status, sent):
    answer = read(service.raw(sent, shut=True))
    if status == 201:
        assert answer.status_code == 201, answer.text
        assert answer.json["title"] == "x"
    else:
        check_problem(answer, status)
    assert "X-Evil" not in answer.headers
    assert "evil" not in answer.headers.get("Location", "")


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_malformed_http_is_rejected_with_a_4xx_status(service, sent):
    answer = read(service.raw(sent, shut=True))
    assert 400 <= answer.status_code < 500
    check_problem(answer, answer.status_code)


@pytest.mark.parametrize("host", HOSTS)
def test_no_host_header_causes_a_redirect_or_an_error(service, host):
    answer = read(service.raw(request(GOOD).replace(b"localhost", host), shut=True))
    assert answer.status_code in (400, 404)
    assert "Location" not in answer.headers


def test_a_head_request_is_answered_like_a_get_without_the_body(service):
    made = service.request("POST", "/api/sessions", {"title": "x"}, mint()).json["id"]
    received = service.raw(request(b"HEAD /api/sessions/%s HTTP/1.1" % made.encode()))
    head, _, body = received.partition(b"\r\n\r\n")
    assert (head.split(b"\r\n")[0], body) == (b"HTTP/1.1 200 OK", b"")


def test_consecutive_requests_on_one_connection_are_not_mixed_up(service):
    """A body that was not read, because it was too large or not wanted, must not be read as the next request."""
    smuggled = b"DELETE /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
    wanted = request(b"GET /livez HTTP/1.1")
    keeping = HEAD.replace(b"Connection: close\r\n", b"")
    for body in (smuggled, smuggled.ljust(2 * MIB)):
        refused = keeping.replace(b"application/json", b"text/plain") + b"Content-Length: %d\r\n\r\n" % len(body) + body
        received = service.raw(refused + wanted)
        statuses = [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]
        assert statuses in ([b"415", b"200"], [b"415"])


def test_the_log_has_the_requests_but_no_token_and_no_body(service):
    token, title = mint(sub="somebody"), "a title that is nobody's business"
    service.request("POST", "/api/sessions?token=" + token, {"title": title}, token)
    service.request("POST", "/api/sessions", json.dumps({"title": [title]}).encode(), token)
    service.request("POST", "/api/sessions", {"title": title}, token, **{"X-Request-Id": "the-id-to-look-for"})
    wait_until(lambda: "the-id-to-look-for" in service.log.read_text())  # its line may come after its answer
    log = service.log.read_text()
    assert "Traceback" not in log
    assert title not in log
    assert token.split(".")[2] not in log
    assert all(line.isprintable() for line in log.splitlines())


NOT_FOR_THE_LOG = {
    "a query with a blank": request(b"GET /api/sessions?videoId=hidden film HTTP/1.1"),
    "a header without a colon": request(GOOD, b"Authorization Bearer hidden"),
}


@pytest.mark.parametrize("sent", NOT_FOR_THE_LOG.values(), ids=NOT_FOR_THE_LOG)
def test_the_log_of_malformed_http_has_only_the_request_id_that_the_sender_got(service, sent):
    answer = read(service.raw(sent, shut=True))
    wait_until(
        lambda: f"request {answer.json['requestId']} is answered 400 without the service" in service.log.read_text()
    )
    assert "hidden" not in service.log.read_text()
    assert "127.0.0.1" not in service.log.read_text()


def test_answers_to_hostile_requests_are_complete_strict_json(service):
    answer = service.request("GET", "/api/sessions/%00%ff", token=mint())
    assert strict_json(answer.data)["status"] == 404


# Without the end of the stream: whoever waits for the answer has not closed its own side.
AT_ONCE = {
    "a chunk size of twelve digits": (400, chunked(b"f" * 12 + b"\r\n" + BODY)),
    "more leading zeros of a length than a number has digits": (201, lengthy(b"0" * 20 + b"13")),
    "a body without a token": (401, lengthy(b"9000000", b"{", HEAD.replace(TOKEN, b""))),
    "chunks without a token": (401, chunked(b"ff\r\n{", head=HEAD.replace(TOKEN, b""))),
    "a body without a token whose sender waits to be told to continue": (
        401,
        lengthy(b"9000000", b"", HEAD.replace(TOKEN, b"") + b"Expect: 100-continue\r\n"),
    ),
    "a JSON body above a mebibyte": (413, lengthy(b"1048577", b"{")),
    "lines above their bound": (
        413,
        lengthy(b"8388609", b"{", HEAD.replace(b"sessions", b"sessions/x/events").replace(b"/json", b"/x-ndjson")),
    ),
    "HTTP/1.0 that expects to be told to continue": (
        401,
        b"POST /api/sessions HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 13\r\n\r\n",
    ),
}


@pytest.mark.parametrize(("status", "sent"), AT_ONCE.values(), ids=AT_ONCE)
def test_a_request_that_its_headers_already_disqualify_is_answered_at_once(service, status, sent):
    answer = read(service.raw(sent))
    assert answer.status_code == status
    assert "in time" not in answer.text


def test_http_1_0_clients_never_get_100_continue(service):
    head = HEAD.replace(b"HTTP/1.1", b"HTTP/1.0") + b"Expect: 100-continue\r\nContent-Length: 13\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=15) as connection:
        connection.sendall(head)
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(15)
        connection.sendall(BODY)
        assert connection.recv(65536).startswith(b"HTTP/1.0 201")


def test_too_large_headers_are_rejected_on_a_reused_connection_too(service):
    keeping = request(b"GET /livez HTTP/1.1").replace(b"Connection: close\r\n", b"")
    received = service.raw(keeping + b"GET /livez HTTP/1.1\r\n" + b"X-A: aaaaaaaaaaaaaaaa\r\n" * 2000)
    assert [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]] == [b"200", b"431"]
    assert "Traceback" not in service.log.read_text()


def test_a_connection_stays_open_after_an_unread_body_of_known_length(service):
    body = b" " * 500_000
    keeping = HEAD.replace(b"Connection: close\r\n", b"").replace(b"application/json", b"text/plain")
    received = service.raw(keeping + b"Content-Length: %d\r\n\r\n" % len(body) + body + request(b"GET /livez HTTP/1.1"))
    assert b"Connection: keep-alive" in received
    assert [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]] == [b"415", b"200"]
