"""Answers as CSV (RFC 4180); an apostrophe precedes text that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from videosession.video.arithmetic import milliseconds, seconds

Answer = dict[str, Any]
Cell = str | int | float | None

_FORMULA = ("=", "+", "-", "@", "'", "\t", "\r")
_BINS = (
    "views", "sessions", "rewatchers", "watchedSeconds", "uniqueSeconds", "watchRatio", "retention", "retentionOfNode",
    "exits", "finishes", "dropRate", "seekFrom", "seekTo", "skipped",
)  # fmt: skip
_VIEWER_BINS = ("views", "viewers", "watchedSeconds", "uniqueSeconds", "watchRatio", "retention", "retentionOfNode")
_FEW_BINS = ("sessions", "watchedSeconds", "uniqueSeconds", "watchRatio", "retention", "retentionOfNode")
_NODE = ("node", "visits", "sessions", "starts", "ends", "left")
_EDGE = ("to", "option", "cause", "taken", "edgeSessions", "first", "share", "firstShare")
_FEW_NODE = ("node", "sessions")
_FEW_EDGE = ("to", "option", "cause", "first", "firstShare")


def heatmap(answer: Answer) -> str:
    """Return a row for each node and bin."""
    few = "suppressed" in answer
    columns = _FEW_BINS if few else _VIEWER_BINS if answer["per"] == "viewer" else _BINS
    rows = (row for node in answer.get("nodes", ()) for row in _bins(node, answer["binSeconds"], columns))
    return _table(("node", "fromSeconds", "toSeconds", *columns), rows)


def _bins(node: Answer, bin_seconds: float, columns: Sequence[str]) -> Iterable[list[Cell]]:
    width, length = milliseconds(bin_seconds), milliseconds(node["lengthSeconds"])
    last = len(node[columns[0]]) - 1
    for place in range(last + 1):
        start, end = place * width, length if place == last and length else (place + 1) * width
        yield [node["node"], seconds(start), seconds(end), *(node[name][place] for name in columns)]


def choices(answer: Answer) -> str:
    """Return a row for each edge, and for each node without one."""
    of_node, of_edge = (_FEW_NODE, _FEW_EDGE) if "suppressed" in answer else (_NODE, _EDGE)
    rows = (
        [*(node[name] for name in of_node), *(_cell(edge, name) for name in of_edge)]
        for node in answer.get("nodes", ())
        for edge in node["edges"] or [{}]
    )
    return _table((*of_node, *of_edge), rows)


def _cell(edge: Answer, name: str) -> Cell:
    cell: Cell = edge.get("sessions" if name == "edgeSessions" else name)
    return cell


def paths(answer: Answer) -> str:
    """Return a row for each path, which is written as JSON."""
    rows = (
        [json.dumps(each["path"], ensure_ascii=False, separators=(",", ":")), each["sessions"], each["share"]]
        for each in answer["paths"]
    )
    return _table(("path", "sessions", "share"), rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    written = StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return written.getvalue()


def _safe(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
