"""Instants: read as RFC 3339, held as microseconds since 1970 in UTC, written as RFC 3339 with milliseconds."""

import re
import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000  # in microseconds
EARLIEST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
LATEST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
HOW_TO_WRITE = "must be an RFC 3339 instant with a zone, such as 2026-01-31T12:00:00.000Z or 2026-01-31T13:00:00+01:00"

# Python's own parser also accepts weeks, spaces, commas and, with each version, more, so the form is checked first.
_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


def read(text: str) -> int:
    """Return an RFC 3339 instant in microseconds, truncated; ValueError says what is wrong."""
    if not _RFC_3339.fullmatch(text):
        raise ValueError(HOW_TO_WRITE)
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError("must be an existing date") from None
    microseconds = (moment - EPOCH) // MICROSECOND
    if not EARLIEST <= microseconds <= LATEST:
        raise ValueError("must be within the years 1 to 9999 in UTC")
    return microseconds


def now() -> int:
    """Return the current time in microseconds since 1970."""
    return time.time_ns() // 1000


def write(microseconds: int) -> str:
    """Return an instant as RFC 3339 text in UTC, with milliseconds."""
    return (EPOCH + microseconds * MICROSECOND).isoformat(timespec="milliseconds").replace("+00:00", "Z")
