"""Reads JSON exactly: nothing is silently lost or altered.

A number without a fraction or an exponent is an integer, and must fit in 64 bits signed, as in BSON; any other number
becomes the nearest double, and must be finite. Strings must be valid Unicode: a lone surrogate cannot be stored as
UTF-8.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

import orjson

from videosession.errors import MOST_FAULTS, BadRequest, Fault

# The path to a value: the path to its container, and the last step; () is the whole document.
Path = tuple[()] | tuple["Path", str | int]

DEEPEST = 64
LONGEST_POINTER = 200
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1

# orjson silently reads an integer of 2^64 or more as a double, so text that may contain one is read by the slower json.
_LONG = b"0" * 19
_ALL_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_WHOLE_STRINGS = re.compile(rb'[^"]*+(?:"(?:[^"\\]++|\\.)*+"[^"]*+)*+', re.DOTALL)
_PART_BYTES = 64 * 1024
_MARK = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)


def read(body: bytes) -> Any:
    """Return the value of a JSON text; BadRequest if it is malformed. Nesting too deep for Python is truncated."""
    try:
        if not _has_long_digits(body):
            return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass  # lone surrogates and numbers beyond a double are valid JSON: the caller reports where they are
    return _read_slowly(body)


def has_more_values(text: bytes, most: int) -> bool:
    """Return whether a JSON text has more than `most` values, not counting what its strings contain."""
    return _separators(text) > most and _has_more_outside_strings(text, most)


def _has_more_outside_strings(text: bytes, most: int) -> bool:
    """Count part by part: removing the strings from a whole body at once would take forty times its memory."""
    count = at = 0
    while at < len(text) and count <= most:
        end = _end_of_whole_strings(text, at)
        count += _separators(_STRING.sub(b"", text[at:end]))
        at = end
        if text.startswith(b'"', at):  # a string that extends beyond the part
            string = _STRING.match(text, at)
            at = string.end() if string else len(text)
    return count > most


def _end_of_whole_strings(text: bytes, at: int) -> int:
    part = _WHOLE_STRINGS.match(text, at, at + _PART_BYTES)
    return part.end() if part else at


def _separators(text: bytes) -> int:
    # Every value follows one of these, except the first one, and the first of each line.
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _has_long_digits(text: bytes) -> bool:
    # A regular expression takes ten times as long, and `in` twice as long.
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
    """Return an integer; one of more than 20 digits becomes the smallest integer that is refused."""
    return int(digits) if len(digits) <= 20 else LARGEST_INTEGER + 1


_TOO_DEEP = f"must not nest deeper than {DEEPEST} levels"


def _cut(text: str) -> str:
    """Return a text cut at the first array or object that is certainly too deep, with all open brackets closed.

    `faults` then reports it like any value that is one level too deep.
    """
    closing = ""
    for mark in _MARK.finditer(text):
        if mark[0] in "}]":
            closing = closing[1:]
        elif mark[0] in "{[":
            closing = ("}" if mark[0] == "{" else "]") + closing
            if len(closing) > DEEPEST + 3:  # `data` may be inside an event inside an array
                return text[: mark.end()] + closing
    return text


def _pointer(path: Iterable[str | int]) -> str:
    """Return a JSON pointer to a value, or if it is longer than LONGEST_POINTER, to the nearest container that fits."""
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
    """Return whether a pointer is short enough to be shown: a body can have a key of a megabyte."""
    return len(pointer) <= LONGEST_POINTER


def pointer_step(step: str | int) -> str:
    """Return one step of a JSON pointer (RFC 6901)."""
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
    """Return True if the object certainly has no faults, in less than half the time of `faults`.

    It searches the object's JSON text: an infinite number is written as null, and the nesting is at most the number of
    brackets. After False, `faults` decides.
    """
    try:
        text = orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    is_shallow = len(text) < 2 * DEEPEST or text.count(b"{") + text.count(b"[") <= DEEPEST
    return is_shallow and text.find(b"\\u0000") == text.find(b"null") == -1 and not _has_long_digits(text)


def faults(value: dict[str, Any], key_fault: Callable[[str], str | None] = key_fault) -> Iterator[Fault]:
    """Yield what prevents an object from being stored exactly as it was sent; pointers are relative to the object.

    A body of one megabyte can have a key of half a megabyte, and a hundred thousand faults below it, so faults beyond
    the first MOST_FAULTS, which no answer lists, have no pointer.
    """
    for count, (path, detail) in enumerate(_faulty_paths(value, key_fault)):
        yield Fault(_pointer(_steps(path)) if count < MOST_FAULTS else "", detail)


def _faulty_paths(value: dict[str, Any], key_fault: Callable[[str], str | None]) -> Iterator[tuple[Path, str]]:
    """Yield the path to each fault, and what is wrong there."""
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
