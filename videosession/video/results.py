"""A session's contribution to the answers about its video: in whole milliseconds, clipped, and packed for storage."""

from __future__ import annotations

import json
import zlib
from typing import NamedTuple

from videosession.timeline.viewing import Viewing
from videosession.video.arithmetic import Node, milliseconds

PATH_ENTRIES = 1_000
SEGMENTS = 3_000
JUMPS = 3_000
PACKED_BYTES = 100 * 1024
_WORTH_COMPRESSING = 1_024
_DECODER = json.JSONDecoder()
_COMPRESSED = b"\x78"  # how zlib begins; JSON begins with a bracket

Stretch = tuple[int, int, int]  # the node's index in `nodes`, from, to


class Result(NamedTuple):
    """A session's own result; `path`, `segments` and `jumps` refer to nodes by their index in `nodes`.

    `lengths` are the lengths in the session's own events; `departures[i]`, an option and a cause, leads from `path[i]`
    to `path[i + 1]`.
    """

    nodes: list[Node]
    lengths: list[int | None]
    path: list[int]
    departures: list[tuple[str | None, str]]
    segments: list[Stretch]
    jumps: list[Stretch]
    ended: bool
    complete_event: bool
    anomalies: list[str]
    clipped: bool

    @property
    def is_view(self) -> bool:
        return bool(self.segments)

    @property
    def names(self) -> list[Node]:
        """Return the nodes of the path in the order visited."""
        return [self.nodes[place] for place in self.path]


def result(viewing: Viewing) -> Result:
    """Return the result of a session from its viewing."""
    return _clip(viewing, PATH_ENTRIES, SEGMENTS, JUMPS)


def _clip(viewing: Viewing, entries: int, segments: int, jumps: int) -> Result:
    path = viewing.path[:entries]
    places = {node: place for place, node in enumerate(dict.fromkeys(path))}
    watched = [each for each in viewing.segments if each.node in places]
    jumped = [each for each in viewing.jumps if each.node in places]
    return Result(
        nodes=[node.id for node in places],
        lengths=[None if node.length is None else milliseconds(node.length) for node in places],
        path=[places[node] for node in path],
        departures=[(each.option, each.cause) for each in viewing.departures[: max(len(path) - 1, 0)]],
        segments=[(places[each.node], *_ends(each.start, each.end)) for each in watched[:segments]],
        jumps=[(places[each.node], *_ends(each.start, each.end)) for each in jumped[:jumps]],
        ended=viewing.ended,
        complete_event=viewing.complete_event,
        anomalies=list(viewing.anomalies),
        clipped=len(viewing.path) > entries or len(watched) > segments or len(jumped) > jumps,
    )


def _ends(start: float, end: float) -> tuple[int, int]:
    return milliseconds(start), milliseconds(end)


def packed(viewing: Viewing) -> bytes:
    """Return the result as bytes, below 100 KiB; with very long names, only a part of the session counts."""
    entries, segments, jumps = PATH_ENTRIES, SEGMENTS, JUMPS
    while len(data := pack(_clip(viewing, entries, segments, jumps))) >= PACKED_BYTES:
        entries, segments, jumps = entries // 2, segments // 2, jumps // 2
    return data


def pack(result: Result) -> bytes:
    flat = [
        result.nodes,
        result.lengths,
        result.path,
        [text for departure in result.departures for text in departure],
        [number for segment in result.segments for number in segment],
        [number for jump in result.jumps for number in jump],
        int(result.ended),
        int(result.complete_event),
        result.anomalies,
        int(result.clipped),
    ]
    data = json.dumps(flat, ensure_ascii=False, separators=(",", ":")).encode()
    return zlib.compress(data) if len(data) > _WORTH_COMPRESSING else data


def unpack(data: bytes) -> Result:
    """Return the result that was packed."""
    if data[:1] == _COMPRESSED:
        data = zlib.decompress(data)
    flat, _ = _DECODER.raw_decode(data.decode())
    nodes, lengths, path, departures, segments, jumps, ended, complete_event, anomalies, clipped = flat
    return Result(
        nodes,
        lengths,
        path,
        list(zip(departures[::2], departures[1::2], strict=True)),
        list(zip(segments[::3], segments[1::3], segments[2::3], strict=True)),
        list(zip(jumps[::3], jumps[1::3], jumps[2::3], strict=True)),
        bool(ended),
        bool(complete_event),
        anomalies,
        bool(clipped),
    )
