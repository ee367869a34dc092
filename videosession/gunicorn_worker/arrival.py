"""Detects when a request has arrived completely, so that no thread waits for the rest of it.

This only decides when parsing begins; gunicorn's parser interprets the bytes. So a doubtful request counts as complete.
"""

import re

MEBIBYTE = 1024 * 1024
LARGEST_HEAD = 32 * 1024
LONGEST_LINE = 8190  # of the request line: a cursor contains the filters of its list, in any script
LARGEST_BODY = 10 * MEBIBYTE  # larger than any valid body, including the overhead of chunks
LARGEST_LINES = 8 * MEBIBYTE
LARGEST_VALUE = MEBIBYTE  # larger than any valid body except NDJSON
LARGEST_VALUE_IN_CHUNKS = 3 * MEBIBYTE
MOST_CHUNKS = 100_000  # scanning more would delay other clients

_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*0*(\d+)[ \t]*\r\n", re.IGNORECASE)
_TOKEN = re.compile(rb"\r\nauthorization:([^\r\n]*)", re.IGNORECASE)
_LINES = re.compile(rb"\r\ncontent-type:[^\r]*x-ndjson", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"0*([0-9a-f]{1,8})(?=[ \t;]|\r\n)", re.IGNORECASE)


class Arrival:
    """The bytes of one request, and of what follows it, as they arrive."""

    def __init__(self, received: bytearray):
        self.received = received
        self.head_size = 0  # until the head has arrived
        self.expects_continue = False
        self.token: bytes | None = None  # as sent, not verified
        self.is_chunked = False
        self.is_complete = False  # not set for invalid or too large requests, which `is_whole` lets through, too
        self._largest = LARGEST_BODY
        self._searched = 0
        self._length: int | None = None
        self._next_chunk = 0
        self._chunks = 0

    @property
    def client(self) -> bytes | None:
        """Return a key that is the same for all requests with one token; None without a token.

        A JWT's signature and the spaces around the token can be varied, but not the part that is signed.
        """
        if self.token is None:
            return None
        written = b"".join(self.token.split()[-1:])
        return written.rpartition(b".")[0] or written

    def is_whole(self) -> bool:
        """Return whether there is nothing to wait for; each call examines only the new bytes."""
        if not self.head_size and not self._read_head():
            return len(self.received) > LARGEST_HEAD
        if self._length is None:
            return self._has_last_chunk() or len(self.received) - self.head_size > self._largest
        self.is_complete = len(self.received) >= self.head_size + self._length
        return self.is_complete or self._length > self._largest

    def _read_head(self) -> bool:
        end = self.received.find(_END, max(0, self._searched - len(_END)))
        self._searched = len(self.received)
        if end < 0:
            return False
        self.head_size = self._next_chunk = end + len(_END)
        head = bytes(self.received[: self.head_size])
        length = _LENGTH.search(head)
        self.is_chunked = _CHUNKED.search(head) is not None
        if length or not self.is_chunked:
            self._length = int(length[1][:18]) if length else 0
        token = _TOKEN.search(head)
        self.token = token[1] if token else None
        largest = (LARGEST_LINES, LARGEST_BODY) if _LINES.search(head) else (LARGEST_VALUE, LARGEST_VALUE_IN_CHUNKS)
        self._largest = largest[self._length is None]
        is_old = head.find(b" HTTP/1.0\r\n", 0, LONGEST_LINE + 16) >= 0
        self.expects_continue = not is_old and _EXPECTS.search(head) is not None
        return True

    def _has_last_chunk(self) -> bool:
        while self._next_chunk < len(self.received):
            line_end = self.received.find(b"\r\n", self._next_chunk, self._next_chunk + LARGEST_HEAD)
            if line_end < 0:
                return len(self.received) - self._next_chunk > LARGEST_HEAD
            size = _CHUNK_SIZE.match(self.received, self._next_chunk)
            if size is None:
                return True
            if int(size[1], 16) == 0:
                self.is_complete = self.received.find(_END, line_end) >= 0
                return self.is_complete or len(self.received) - line_end > LARGEST_HEAD
            self._next_chunk = line_end + 2 + int(size[1], 16) + 2
            self._chunks += 1
            if self._chunks > MOST_CHUNKS:
                return True
        return False
