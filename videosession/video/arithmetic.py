"""Whole milliseconds and counts until the last step, which divides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Node = str | None  # an ordinary video is one node without a name

SIX_DECIMALS = 6


def share(part: int, whole: int) -> float | None:
    """Return `part` of `whole`, rounded to 6 decimals; None where there is no whole."""
    return round(part / whole, SIX_DECIMALS) if whole else None


def seconds(milliseconds: int) -> float:
    return milliseconds / 1000


def milliseconds(value: float) -> int:
    """Return seconds as a timeline's answer has them, in whole milliseconds."""
    return round(1000 * round(value, 3))


def nothing_first(text: str | None) -> tuple[bool, str]:
    """Sort key: None comes first, then text by Unicode code points."""
    return text is not None, text or ""


def in_order(nodes: Iterable[Node]) -> list[Node]:
    return sorted(nodes, key=nothing_first)


def without_zeros(**counts: int) -> dict[str, Any]:
    """Return the counts that are not 0; an answer leaves out the others."""
    return {name: count for name, count in counts.items() if count}
