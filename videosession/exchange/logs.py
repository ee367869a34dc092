"""Reads log files: lines of bounded length, or one large JSON document, optionally compressed."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO

from videosession.exchange import openedx, xapi_import
from videosession.exchange.records import Record, Unreadable

LONGEST_LINE = 4 * 1024 * 1024
FORMATS = ("openedx", "xapi")

_ENTRIES = {"openedx": "line", "xapi": "statement"}
_HEAD = 64 * 1024
_DEEPEST = 200  # deeper than in any line; without a bound, a document of nothing but brackets would fill the memory
_DOCUMENTS = {  # how a JSON document of many statements begins, and the depth at which they are
    re.compile(rb"\s*\["): 1,
    re.compile(rb'\s*\{\s*"(statements|more)"'): 2,
    re.compile(rb"\s*\{\s*\n"): 0,
}

Numbered = tuple[int, Callable[[], Iterator[Record | None]]]


class Damaged(Exception):
    """The rest of a file cannot be read; everything before it has been."""


def numbered(file: BinaryIO, source: str) -> Iterator[Numbered]:
    """Yield the number of each line, or statement of a large document, and a function that reads it; Damaged."""
    number = 0
    try:
        for number, read in _numbered(file, source):
            yield number, read
    except (EOFError, gzip.BadGzipFile, zlib.error, Unreadable) as error:
        raise Damaged(
            f"The file is damaged after {_ENTRIES[source]} {number}; the rest was not read: {error}"
        ) from None


def _numbered(file: BinaryIO, source: str) -> Iterator[Numbered]:
    plain = _uncompressed(file)
    if plain.peek(len(codecs.BOM_UTF8)).startswith(codecs.BOM_UTF8):
        plain.read(len(codecs.BOM_UTF8))
    if source == "xapi":
        head = plain.peek(_HEAD)[:_HEAD]
        for pattern, level in _DOCUMENTS.items():
            if pattern.match(head):
                for number, statement in enumerate(_statements(plain, level), 1):
                    yield number, partial(_one, statement)
                return
    for number, line in enumerate(_lines(plain), 1):
        yield number, partial(_read, source, line)


def _read(source: str, line: bytes) -> Iterator[Record | None]:
    if len(line) > LONGEST_LINE:
        raise Unreadable("too long")
    if source == "openedx":
        yield openedx.read(line)
    else:
        yield from xapi_import.read(line)


def _uncompressed(file: BinaryIO) -> io.BufferedReader[Any]:
    buffered = io.BufferedReader(file, _HEAD)  # type: ignore[type-var]  # it uses only what a BinaryIO has
    if buffered.peek(2)[:2] == b"\x1f\x8b":
        return io.BufferedReader(gzip.GzipFile(fileobj=buffered), _HEAD)
    return buffered


def _lines(file: io.BufferedReader) -> Iterator[bytes]:
    """Yield lines; a line that is too long is cut after LONGEST_LINE + 1 bytes."""
    while line := file.readline(LONGEST_LINE + 1):
        yield line
        while len(line) > LONGEST_LINE and not line.endswith(b"\n") and (line := file.readline(LONGEST_LINE + 1)):
            pass


class _Bounded:
    """A file from which at most one statement's length can be read until `count` is reset."""

    def __init__(self, file: io.BufferedReader):
        self.count = 0
        self._file = file

    def read(self, size: int) -> bytes:
        self.count += size
        if self.count > LONGEST_LINE + _HEAD:
            raise Unreadable("too long")
        return self._file.read(size)


def _statements(file: io.BufferedReader, level: int) -> Iterator[object]:
    """Yield the values at a depth of a JSON document, at depth 2 only those in `statements`; Unreadable."""
    import ijson  # of requirements-optional.txt

    bounded, depth, key, builder = _Bounded(file), 0, "", None
    for kind, value in _tokens(bounded):
        depth -= kind.startswith("end")
        if kind == "map_key" and depth == 1 and builder is None:
            key = value
        elif builder is None and depth == level and not kind.startswith("end") and (level < 2 or key == "statements"):
            builder = ijson.ObjectBuilder()
        if builder is not None:
            builder.event(kind, value)
        depth += kind.startswith("start")
        if depth > _DEEPEST:
            raise Unreadable("too deep")
        if builder is None or depth <= level:
            bounded.count = 0
        if builder is not None and depth <= level:
            yield builder.value
            builder = None


def _tokens(file: _Bounded) -> Iterator[tuple[str, Any]]:
    """Yield the parser's events for a JSON document; Unreadable."""
    import ijson

    try:
        yield from ijson.basic_parse(file, multiple_values=True, use_float=True, buf_size=_HEAD)
    except ijson.JSONError:
        raise Unreadable("not JSON") from None


def _one(statement: object) -> Iterator[Record | None]:
    yield xapi_import.of_statement(statement)
