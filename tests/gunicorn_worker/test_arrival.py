"""When a request is complete: not a byte sooner, and never waiting where that is unclear."""

import pytest

from videosession.gunicorn_worker.arrival import LARGEST_BODY, LARGEST_HEAD, MOST_CHUNKS, Arrival

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

WHOLE = {
    "no body": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "no header": b"GET / HTTP/1.0\r\n\r\n",
    "a length": HEAD + b"Content-Length: 3\r\n\r\nabc",
    "a length in small letters": HEAD + b"content-length:3\r\n\r\nabc",
    "a length beside others": HEAD + b"X-Content-Length: 9\r\nContent-Length:  3 \r\nX: 9\r\n\r\nabc",
    "a length of nothing": HEAD + b"Content-Length: 0\r\n\r\n",
    "a body with an empty line in it": HEAD + b"Content-Length: 7\r\n\r\na\r\n\r\nbc",
    "a length with more leading zeros than a number has digits": HEAD
    + b"Content-Length: "
    + b"0" * 30
    + b"3\r\n\r\nabc",
    "a chunk size with leading zeros": CHUNKED + b"000000000003\r\nabc\r\n0\r\n\r\n",
    "chunks": CHUNKED + b"3\r\nabc\r\n0a\r\n0\r\n\r\n01234\r\n0\r\n\r\n",
    "chunks with extensions": CHUNKED + b'3;a="b"\r\nabc\r\n1 ;c\r\nd\r\n0;e\r\n\r\n',
    "chunks with trailers": CHUNKED + b"3\r\nabc\r\n0\r\nX: 1\r\nY: 2\r\n\r\n",
}
UNCLEAR = {
    "a head without an end": b"GET /" + b"a" * LARGEST_HEAD,
    "a length beyond all limits": HEAD + b"Content-Length: 99999999\r\n\r\n",
    "a chunk size of letters": CHUNKED + b"zz\r\nabc\r\n",
    "a chunk size with a sign": CHUNKED + b"-5\r\nabc\r\n",
    "a chunk size of nine digits": CHUNKED + b"fffffffff\r\nabc\r\n",
    "a chunk size without an end": CHUNKED + b"1" * (LARGEST_HEAD + 1),
    "trailers without an end": CHUNKED + b"0\r\n" + b"X: 1\r\n" * LARGEST_HEAD,
    "chunks without an end": CHUNKED + (b"fff\r\n" + b"a" * 4095 + b"\r\n") * (LARGEST_BODY // 4100),
    "more chunks than anybody counts": CHUNKED + b"1\r\na\r\n" * (MOST_CHUNKS + 1),
    "one chunk without an end": CHUNKED + b"fffffff\r\n" + b"a" * LARGEST_BODY,
}


def client_of(authorization: bytes) -> bytes | None:
    arrival = Arrival(bytearray(b"GET / HTTP/1.1\r\n" + authorization + b"\r\n\r\n"))
    assert arrival.is_whole()
    return arrival.client


def test_the_same_token_is_the_same_client_however_the_header_is_written():
    ways = [b"Authorization: Bearer a.b.c", b"authorization:bearer  a.b.c\t", b"Authorization: BEARER a.b.c!d"]
    assert {client_of(way) for way in ways} == {b"a.b"}
    assert client_of(b"Authorization: Bearer a.d.c") != client_of(ways[0])
    assert client_of(b"Authorization: opaque") == b"opaque"
    assert not client_of(b"Authorization:")
    assert client_of(b"X: y") is None


def arrive(*parts: bytes) -> list[bool]:
    arrival = Arrival(bytearray())
    answers = []
    for part in parts:
        arrival.received += part
        answers.append(arrival.is_whole())
    return answers


@pytest.mark.parametrize("request_bytes", WHOLE.values(), ids=WHOLE)
def test_a_request_is_complete_with_its_last_byte(request_bytes):
    one_by_one = arrive(*(request_bytes[at : at + 1] for at in range(len(request_bytes))))
    assert one_by_one == [False] * (len(request_bytes) - 1) + [True]


@pytest.mark.parametrize("request_bytes", WHOLE.values(), ids=WHOLE)
def test_bytes_after_a_request_do_not_make_it_incomplete(request_bytes):
    assert arrive(request_bytes + b"GET / HT") == [True]


@pytest.mark.parametrize("request_bytes", UNCLEAR.values(), ids=UNCLEAR)
def test_an_invalid_request_is_not_waited_for(request_bytes):
    assert arrive(request_bytes) == [True]


def test_an_expect_100_continue_header_is_recognized():
    arrival = Arrival(bytearray(HEAD + b"Expect: 100-Continue\r\nContent-Length: 3\r\n\r\n"))
    assert not arrival.is_whole()
    assert arrival.expects_continue
