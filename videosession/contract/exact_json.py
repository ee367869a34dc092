"""JSON read exactly: nothing is silently lost or altered.

Numbers: what is written without fraction or exponent is an integer and must fit 64 bits signed, as BSON's do; any
other is the nearest double and must be finite. Text must be Unicode: a lone surrogate cannot be stored as UTF-8.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

import orjson

from videosession.errors import MOST_FAULTS, BadRequest, Fault

# Where a value lies: the path to what it lies in, and the last step; () is the whole.
Path = tuple[()] | tuple["Path", str | int]

DEEPEST = 64
LONGEST_POINTER = 200
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1

# orjson reads an integer from 2^64 on as a double without a word: where one may stand, the slower reader looks.
_LONG = b"0" * 19
_ALL_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_WHOLE_STRINGS = re.compile(rb'[^"]*+(?:"(?:[^"\\]++|\\.)*+"[^"]*+)*+', re.DOTALL)
_PART_BYTES = 64 * 1024
_MARK = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)


def read(body: bytes) -> Any:
    """Read a JSON text; BadRequest where it is none. What nests too deep to be read at all is cut off below that."""
    try:
        if not _has_long_digits(body):
            return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass  # lone surrogates and numbers beyond the doubles are JSON too: the caller points at their places
    return _read_slowly(body)


def has_more_values(text: bytes, most: int) -> bool:
    """Return whether a JSON text has more than `most` values, not counting what its strings contain."""
    return _separators(text) > most and _has_more_outside_strings(text, most)


def _has_more_outside_strings(text: bytes, most: int) -> bool:
    """Look at a part after the other: without the strings of a whole body it would be in memory forty times."""
    count = at = 0
    while at < len(text) and count <= most:
        end = _end_of_whole_strings(text, at)
        count += _separators(_STRING.sub(b"", text[at:end]))
        at = end
        if text.startswith(b'"', at):  # of a string that goes beyond the part
            string = _STRING.match(text, at)
            at = string.end() if string else len(text)
    return count > most


def _end_of_whole_strings(text: bytes, at: int) -> int:
    part = _WHOLE_STRINGS.match(text, at, at + _PART_BYTES)
    return part.end() if part else at


def _separators(text: bytes) -> int:
    # Each value follows one of these, but for the first of all, and of each line.
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _has_long_digits(text: bytes) -> bool:
    # A regular expression takes ten times as long, and `in` twice.
    return text.translate(_ALL_DIGITS_ALIKE).find(_LONG) >= 0


def _read_slowly(body: bytes) -> Any:
    try:
        text = body.decode()
        try:
            return _loads(text)
        except RecursionError:
            return _loads(_cut(text))
    except UnicodeDecodeError as error:
        raise BadRequest(f"The body is not UTF-8: byte {error.start} cannot be read.") from None
    except ValueError as error:
        raise BadRequest(f"The body is not JSON: {error}.") from None


def _loads(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse_constant, parse_int=_integer)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _integer(digits: str) -> int:
    """Read an integer; one of more than 20 digits becomes the smallest that is refused."""
    return int(digits) if len(digits) <= 20 else LARGEST_INTEGER + 1


_TOO_DEEP = f"must not nest deeper than {DEEPEST} levels"


def _cut(text: str) -> str:
    """Return a text up to an array or object that is too deep wherever it lies, and close all that is open there.

    `faults` then finds it, as it finds one that is a level too deep.
    """
    closing = ""
    for mark in _MARK.finditer(text):
        if mark[0] in "}]":
            closing = closing[1:]
        elif mark[0] in "{[":
            closing = ("}" if mark[0] == "{" else "]") + closing
            if len(closing) > DEEPEST + 3:  # `data` may lie in an event in an array
                return text[: mark.end()] + closing
    return text


def _pointer(path: Iterable[str | int]) -> str:
    """Return a JSON pointer, or one to the closest place around it that can be pointed at in so many characters."""
    pointer = ""
    for step in path:
        if isinstance(step, str) and len(step) > LONGEST_POINTER:
            break
        written = pointer_step(step)
        if not is_short(pointer + written):
            break
        pointer += written
    return pointer


def is_short(pointer: str) -> bool:
    """Return whether a pointer may be shown: a body can have a key of a megabyte."""
    return len(pointer) <= LONGEST_POINTER


def pointer_step(step: str | int) -> str:
    """Write one step of a JSON pointer (RFC 6901)."""
    text = step.encode(errors="replace").decode() if isinstance(step, str) else str(step)
    return "/" + text.replace("~", "~0").replace("/", "~1")


def text_fault(text: str) -> str | None:
    """Return what is wrong with a string, if anything."""
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return "must be valid Unicode: it contains a lone surrogate"
    return None


def key_fault(key: str) -> str | None:
    """Return what is wrong with a key, if anything."""
    return "must not have a key that contains NUL" if "\0" in key else text_fault(key)


def is_plain(value: dict[str, Any]) -> bool:
    """Return True if `faults` would find none, in less than half of its time; False means that it must be asked.

    Written as text, what cannot be stored is found by a search: an infinite number is written as null, and a value
    nests no deeper than it has brackets.
    """
    try:
        text = orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    is_shallow = len(text) < 2 * DEEPEST or text.count(b"{") + text.count(b"[") <= DEEPEST
    return is_shallow and text.find(b"\\u0000") == text.find(b"null") == -1 and not _has_long_digits(text)


def faults(value: dict[str, Any], key_fault: Callable[[str], str | None] = key_fault) -> Iterator[Fault]:
    """Yield what keeps an object from being stored exactly as it was sent; pointers begin at the object.

    A body of one megabyte can have a key of half of it and a hundred thousand faults below: those that no answer has
    room for are counted, but not pointed at.
    """
    for count, (path, detail) in enumerate(_places(value, key_fault)):
        yield Fault(_pointer(_steps(path)) if count < MOST_FAULTS else "", detail)


def _places(value: dict[str, Any], key_fault: Callable[[str], str | None]) -> Iterator[tuple[Path, str]]:
    """Yield the path to each fault, as a pair of the path to what it lies in and the last step, and what is wrong."""
    remaining: list[tuple[Path, Any, int]] = [((), value, 1)]
    while remaining:
        path, container, level = remaining.pop()
        if level > DEEPEST:
            yield path, _TOO_DEEP
            continue
        is_object = isinstance(container, dict)
        members: Iterable[tuple[Any, Any]] = container.items() if is_object else enumerate(container)
        for step, inner in members:
            if is_object and (detail := key_fault(step)):
                yield (path, step), detail
            if isinstance(inner, dict | list):
                remaining.append(((path, step), inner, level + 1))
            elif detail := _scalar_fault(inner):
                yield (path, step), detail


def _steps(path: Path) -> list[str | int]:
    steps = []
    while path:
        path, step = path
        steps.append(step)
    return steps[::-1]


def _scalar_fault(value: str | int | float | None) -> str | None:
    if isinstance(value, str):
        return text_fault(value)
    if isinstance(value, float):
        return "must be within the range of a double" if value in (float("inf"), float("-inf")) else None
    if isinstance(value, int) and not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
        return "must fit into 64 bits as a signed integer"
    return None
