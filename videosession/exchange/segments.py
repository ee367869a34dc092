"""Writes segments as CSV (RFC 4180), one session after the other."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

from videosession import instants
from videosession.exchange.visits import stays
from videosession.exchange.xapi import Session, viewer
from videosession.timeline.viewing import Viewing

COLUMNS = ("session", "videoId", "viewer", "node", "visit", "from", "to", "startedAt", "endedAt", "rate")

_FORMULA = ("=", "+", "-", "@", "\t")  # a spreadsheet would run a cell that begins like this (OWASP, CSV injection)


def header() -> str:
    """Return the header line."""
    return _line(COLUMNS)


def lines(session: Session, viewing: Viewing) -> Iterator[str]:
    """Yield a line for each segment of a session; `visit` numbers the visits of nodes from 1."""
    names = [session["_id"], session.get("videoId", ""), viewer(session)]
    for visit, stay in enumerate(stays(viewing), 1):
        for each in stay.segments:
            times = [instants.write(each.started_at), instants.write(each.ended_at)]
            span = [stay.node.id or "", visit, round(each.start, 3), round(each.end, 3)]
            yield _line([*names, *span, *times, each.rate])


def _line(cells: Iterable[object]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([_defused(cell) for cell in cells])
    return text.getvalue()


def _defused(cell: object) -> object:
    """Return a cell that no spreadsheet runs as a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
