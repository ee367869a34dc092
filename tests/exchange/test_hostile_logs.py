"""Logs that are damaged or meant to harm: whatever is in them is counted or named, and nothing else is lost."""

import gzip
import io
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from typing import cast

import pytest

from tests.exchange.test_imports import VIEWING, ranges, take, told, written
from videosession.exchange import logs
from videosession.exchange.intake import Intake
from videosession.exchange.xapi import EXTENSION, VERBS, VIDEO
from videosession.sessions.repository import SessionRepository

LINES = written(VIEWING)
STATEMENT = {
    "id": "c0ffee00-0000-4000-8000-000000000000",
    "actor": {"account": {"name": "anna", "homePage": "https://lms.example"}},
    "verb": {"id": VERBS["played"]},
    "object": {"id": "https://lms.example/v", "definition": {"type": VIDEO, "name": {"en": "A film"}}},
    "result": {"extensions": {EXTENSION + "time": 3}},
    "context": {
        "registration": "c0ffee00-0000-4000-8000-000000000001",
        "extensions": {EXTENSION + "length": 10},
        "contextActivities": {"category": [{"id": "x"}], "grouping": [{"id": "y"}], "parent": [{"id": "z"}]},
    },
    "timestamp": "2026-03-01T10:00:00Z",
}
WEIRD = [None, True, -1, 2**63, 2**70, "", "\0\x1b[31m", "x" * 70_000, [], [None], [[]], {}, {"": 1}, [{"id": [1]}]]


class Kept:
    """A repository that only counts."""

    def create(self, **_) -> dict:
        return {"_id": "one"}

    def append(self, _: str, events: list, owner: str) -> None:
        assert events
        assert owner


def taken(content: bytes, source: str) -> Intake:
    intake = Intake(cast(SessionRepository, Kept()), "alice", source, str)
    for number, read in logs.numbered(io.BytesIO(content), source):
        intake.take(number, read)
    intake.flush()
    return intake


def changed(value, instead) -> Iterator:
    """Yield a JSON value with each place of it, and at last itself, exchanged for another value."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        for other in changed(inner, instead):
            yield {**value, key: other} if isinstance(value, dict) else [*value[:key], other, *value[key + 1 :]]
    yield instead


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("layout", ["a line", "a document"])
def test_a_statement_with_a_wrong_value_anywhere_is_read_or_counted(verb, layout):
    statement = STATEMENT | {"verb": {"id": VERBS[verb]}}
    for weird in WEIRD:
        every = list(changed(statement, weird))
        one_by_one = [json.dumps(each).encode() for each in every]
        content = b"\n".join(one_by_one) if layout == "a line" else b"[" + b",".join(one_by_one[:-1]) + b"]"
        if layout == "a document" and weird in (2**63, 2**70):
            continue  # there such numbers are a damage: see below
        intake = taken(content, "xapi")
        assert intake.broken + intake.events > 0


@pytest.mark.parametrize("weird", WEIRD, ids=lambda weird: str(weird)[:9])
def test_a_line_with_a_wrong_value_anywhere_is_read_or_counted(weird):
    for each in VIEWING:
        told_as = [each, each | {"event": json.loads(each["event"])}]
        taken(b"\n".join(json.dumps(other).encode() for one in told_as for other in changed(one, weird)), "openedx")


FORMS = {
    "a byte order mark": ("openedx", b"\xef\xbb\xbf" + LINES, 5, 0),
    "a byte order mark before statements": ("xapi", b"\xef\xbb\xbf" + json.dumps(STATEMENT).encode(), 1, 0),
    "a byte order mark before a document": ("xapi", b"\xef\xbb\xbf" + json.dumps([STATEMENT]).encode(), 1, 0),
    "NUL bytes": ("openedx", b"\0\0\n" + LINES, 5, 1),
    "NUL bytes where a disk was full": ("openedx", LINES + b"\0" * 4096 + b"\n", 5, 1),
    "not UTF-8": ("openedx", LINES.replace(b"anna", b"ann\xe9", 1), 4, 1),
    "UTF-16": ("openedx", LINES.decode().encode("utf-16"), 0, 6),
    "brackets without end in a line": ("openedx", b'{"a":' + b"[" * 100_000 + b"\n" + LINES, 5, 1),
    "nothing": ("openedx", b"", 0, 0),
}


@pytest.mark.parametrize(("source", "content", "events", "broken"), FORMS.values(), ids=FORMS)
def test_unreadable_lines_are_counted_and_the_rest_is_imported(source, content, events, broken):
    intake = taken(content, source)
    assert (intake.events, intake.broken) == (events, broken)


DAMAGED = {
    "cut off": gzip.compress(LINES)[:-20],
    "another checksum": gzip.compress(LINES)[:-8] + b"12345678",
    "something behind it": gzip.compress(LINES) + b"x",
    "no more than a beginning": b"\x1f\x8b",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_compressed_log_ends_the_command_with_a_message(client, content):
    result = take(client, content)
    assert (result.exit_code, result.stderr.splitlines()[-1][:31]) == (1, "Error: The file is damaged afte")


def test_lines_before_the_damage_are_stored(client):
    other = b"".join(b"# %040d\n" % number**9 for number in range(20_000))
    result = take(client, gzip.compress(LINES + other)[:-3000])
    assert (result.exit_code, "5 events in 1 session" in result.stdout) == (1, True)
    assert [ranges(each) for each in told(client)] == [[(0, 10), (60, 90)]]


DOCUMENTS = {
    "cut off": json.dumps([STATEMENT] * 3).encode()[:-50],
    "not UTF-8": json.dumps([STATEMENT, STATEMENT, "\xe9"], ensure_ascii=False).encode("latin-1"),
    "a number beyond 64 bits": json.dumps([STATEMENT, STATEMENT, 2**63]).encode(),
    "a number beyond the doubles": json.dumps([STATEMENT, STATEMENT]).encode()[:-1] + b",1e999]",
    "brackets without end": json.dumps([STATEMENT, STATEMENT]).encode()[:-1] + b"," + b"[" * 100_000,
    "a text without end": json.dumps([STATEMENT, STATEMENT]).encode()[:-1] + b',"' + b"x" * 5_000_000,
}


@pytest.mark.parametrize("content", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_json_document_is_read_up_to_the_place_where_it_is_broken(client, content):
    result = take(client, content, "xapi")
    assert (result.exit_code, "damaged after statement 2; the rest" in result.stderr) == (1, True), result.stderr
    assert "1 event in 1 session" in result.stdout


class Endless(io.RawIOBase):
    """100 MB without an end of a line, after its beginning."""

    def __init__(self, beginning: bytes):
        self.left, self.beginning = 100_000_000, beginning

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        part, self.beginning = self.beginning[: len(buffer)], self.beginning[len(buffer) :]
        part = part or b"x" * min(len(buffer), self.left)
        self.left -= len(part)
        buffer[: len(part)] = part
        return len(part)


@pytest.mark.parametrize(("source", "beginning"), [("openedx", b'{"a": "'), ("xapi", b'{"a": "'), ("xapi", b'["')])
def test_a_line_or_a_string_of_100_mb_is_not_kept_in_memory(source, beginning):
    intake = Intake(cast(SessionRepository, Kept()), "alice", source, str)
    tracemalloc.start()
    try:
        with suppress(logs.Damaged):
            for number, read in logs.numbered(Endless(beginning), source):
                intake.take(number, read)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert intake.events == 0
    assert peak < 5 * logs.LONGEST_LINE


def test_long_names_are_shortened_to_the_limits_of_a_session(client):
    statement = STATEMENT | {"context": STATEMENT["context"] | {"registration": "r" * 100_000}}
    statement["actor"] = {"account": {"name": "a" * 100_000}}
    take(client, json.dumps(statement).encode(), "xapi", "--keep-names")
    [session] = client.get("/api/sessions").json["sessions"]
    assert {len(session["metadata"][name]) for name in ("viewerId", "registration")} == {255}
