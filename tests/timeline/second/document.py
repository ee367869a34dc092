"""What the document says of names, values and modes, and of a node's length."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCUMENT = (Path(__file__).parents[3] / "docs" / "events-and-timelines.md").read_text()
MODES = ("idle", "playing", "paused", "buffering", "seeking", "ad")
MS = 0.001
TEXT_NUMBER = re.compile(r"[0-9]{1,11}(\.[0-9]{1,20})?")
POSITIONS = ("position", "from", "to", "fromPosition", "toPosition")


def tables(heading: str) -> list[list[str]]:
    """Return the cells of the rows of a section, without the heads of its tables."""
    section = re.split(r"^##+ ", DOCUMENT.split(f"## {heading}\n", 1)[1], flags=re.MULTILINE)[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in rows]


def ticked(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


READS = {ticked(row[0])[0]: ticked(row[1]) for row in tables("Events")}
ALSO = {ticked(name)[0]: ticked(others) for name, others in tables("Other names")}
TYPES = {other: name for name in READS for other in (name, *ALSO.get(name, []))}
DOES = {
    ticked(event)[0]: {mode: cell.partition(", ")[::2] for mode, cell in zip(MODES, cells, strict=True)}
    for event, *cells in tables("Modes")
}


class Wrong(Exception):
    """A value that cannot be."""


def number(value: Any) -> float:
    """Return what a position, a rate or a duration says."""
    if isinstance(value, str) and TEXT_NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e10:
        raise Wrong
    return float(value)


def said(name: str, value: Any) -> Any:
    """Return what a field says; raise `Wrong` where that cannot be."""
    if name in POSITIONS:
        return number(value)
    if name in ("rate", "duration"):
        if number(value) <= 0:
            raise Wrong
        return number(value)
    if name == "index":
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if not isinstance(value, str):
        if name in ("option", "title", "cause"):
            return None
        raise Wrong
    if len(value) > 200:
        raise Wrong
    return value


@dataclass
class Node:
    """What is known of a node; `grown` counts how often its duration was told larger in a row."""

    visits: int = 0
    duration: float | None = None
    smallest: float = 0.0
    grown: int = 0
    furthest: float = 0.0

    @property
    def length(self) -> float | None:
        if self.duration is None or (self.grown >= 2 and self.duration - self.smallest >= 1 + MS):
            return None
        return max(self.duration, self.furthest)

    def lasts(self, duration: float) -> None:
        if self.duration is None or duration < self.duration:
            self.smallest, self.grown = duration, 0
        elif duration > self.duration:
            self.grown += 1
        self.duration = duration

    def clip(self, position: float) -> float:
        length = self.length
        return length if length is not None and length < position <= length + 1 + MS else position
