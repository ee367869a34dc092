"""Logs as they lie in files: lines of bounded length, compressed or not, or one large JSON document."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO

from videosession.exchange import openedx, xapi_import
from videosession.exchange.records import Record, Unreadable

LONGEST_LINE = 4 * 1024 * 1024
FORMATS = ("openedx", "xapi")

_HEAD = 64 * 1024
_DOCUMENTS = {  # how a JSON document of many statements begins, and where in it they are
    re.compile(rb"\s*\["): "item",
    re.compile(rb'\s*\{\s*"(statements|more)"'): "statements.item",
    re.compile(rb"\s*\{\s*\n"): "",
}

Numbered = tuple[int, Callable[[], Iterator[Record | None]]]


def numbered(file: BinaryIO, source: str) -> Iterator[Numbered]:
    """Yield the number of each line, or of each statement of a large document, and what reads it."""
    plain = _uncompressed(file)
    if source == "xapi":
        head = plain.peek(_HEAD)[:_HEAD]
        for pattern, prefix in _DOCUMENTS.items():
            if pattern.match(head):
                yield from _document(plain, prefix)
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
    buffered = io.BufferedReader(file, _HEAD)  # type: ignore[type-var]  # it asks for no more than BinaryIO has
    if buffered.peek(2)[:2] == b"\x1f\x8b":
        return io.BufferedReader(gzip.GzipFile(fileobj=buffered), _HEAD)
    return buffered


def _lines(file: io.BufferedReader) -> Iterator[bytes]:
    """Yield lines; of one that is too long as much as shows that."""
    while line := file.readline(LONGEST_LINE + 1):
        yield line
        while len(line) > LONGEST_LINE and not line.endswith(b"\n") and (line := file.readline(LONGEST_LINE + 1)):
            pass


def _document(file: io.BufferedReader, prefix: str) -> Iterator[Numbered]:
    """Yield the statements of a JSON document, one by one; where it is broken, it ends."""
    import ijson  # of requirements-optional.txt

    number = 0
    found = ijson.items(file, prefix, multiple_values=True, use_float=True)
    while True:
        number += 1
        try:
            statement = next(found)
        except StopIteration:
            return
        except ijson.JSONError:
            yield number, _broken
            return
        yield number, partial(_one, statement)


def _one(statement: object) -> Iterator[Record | None]:
    yield xapi_import.of_statement(statement)


def _broken() -> Iterator[Record | None]:
    raise Unreadable("not JSON")
