"""Summarises a viewing as the answer that clients get."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from videosession.instants import write as instant
from videosession.timeline.heatmap import heatmap
from videosession.timeline.viewing import Chapter, Departure, Jump, Node, Segment, Viewing

RESIDUE = 1e-9  # the rounding error of a sum of doubles: 57 s of 60 are 0.95, in however many segments
LIST_BYTES = 960_000  # of JSON in one list; with eight lists an answer stays below 8 MiB

LISTS = ("segments", "jumps", "path", "departures", "nodes", "edges", "chapters", "heatmap")

Answer = dict[str, Any]


def summarise(viewing: Viewing, threshold: float = 0.95, bin_seconds: float | None = None) -> Answer:
    """Return the answer for a `Viewing`.

    `threshold` is the coverage (0 to 1) at which the video counts as completed, `bin_seconds` the width of the
    heatmap's bins, by default chosen for the video's length. Raises `BinsTooNarrow`.
    """
    segments = by_node(viewing)
    watched = {node: sum(each.end - each.start for each in segments[node]) for node in segments}
    unique = {node: min(union(segments[node]), watched[node]) for node in segments}
    coverage = covered(viewing, sum(unique.values()))
    bounded = Bounded()
    return {
        "segments": bounded("segments", len(viewing.segments), map(segment, viewing.segments)),
        "jumps": bounded("jumps", len(viewing.jumps), map(jump, viewing.jumps)),
        "path": bounded("path", len(viewing.path), (node.id for node in viewing.path)),
        "departures": bounded("departures", len(viewing.departures), map(departure, viewing.departures)),
        "graph": {
            "nodes": bounded("nodes", len(segments), graph_nodes(watched, unique)),
            "edges": bounded("edges", len(viewing.edges), graph_edges(viewing)),
        },
        "chapters": bounded("chapters", len(viewing.chapters), map(chapter, viewing.chapters.values())),
        "heatmap": bounded("heatmap", len(segments), heatmap(segments, bin_seconds)),
        "omitted": bounded.omitted,
        "watchedSeconds": decimals(sum(watched.values())),
        "uniqueSeconds": decimals(sum(unique.values())),
        "rewatchedSeconds": decimals(sum(watched.values()) - sum(unique.values())),
        "coverage": None if coverage is None else decimals(coverage),
        "completed": coverage is not None and coverage >= threshold - RESIDUE,
        "completeEvent": viewing.complete_event,
        "ended": viewing.ended,
        "wall": {mode: decimals(time / 1e6) for mode, time in viewing.wall.items() if decimals(time / 1e6)},
        "anomalies": [
            {"code": code, "count": count, "eventId": first} for code, (count, first) in viewing.anomalies.items()
        ],
        "events": viewing.events,
        "understood": viewing.understood,
    }


class Bounded:
    """Truncates lists and counts the omitted entries: a megabyte of events can expand to a gigabyte of answer."""

    def __init__(self) -> None:
        self.omitted: dict[str, int] = {}

    def __call__(self, name: str, count: int, entries: Iterable[Any]) -> list[Any]:
        """Return the first of `count` entries, in at most `LIST_BYTES` of JSON."""
        kept: list[Any] = []
        size = 2
        for entry in entries:
            size += len(json.dumps(entry)) + 2
            if size > LIST_BYTES:
                self.omitted[name] = count - len(kept)
                break
            kept.append(entry)
        return kept


def decimals(value: float) -> float:
    return round(value, 3)


def segment(each: Segment) -> Answer:
    return {
        "node": each.node.id,
        "from": decimals(each.start),
        "to": decimals(each.end),
        "startedAt": instant(each.started_at),
        "endedAt": instant(each.ended_at),
        "rate": None if each.rate is None else decimals(each.rate),
    }


def jump(each: Jump) -> Answer:
    return {
        "node": each.node.id,
        "from": decimals(each.start),
        "to": decimals(each.end),
        "cause": each.cause,
        "steps": each.steps,
        "at": instant(each.at),
    }


def departure(each: Departure) -> Answer:
    return {
        "from": each.start.id,
        "to": each.end.id,
        "option": each.option,
        "cause": each.cause,
        "at": instant(each.at),
        "position": None if each.position is None else decimals(each.position),
        "decisionSeconds": None if each.decision is None else decimals(each.decision / 1e6),
    }


def graph_nodes(watched: Mapping[Node, float], unique: Mapping[Node, float]) -> Iterable[Answer]:
    for node in watched:
        yield {
            "id": node.id,
            "visits": node.visits,
            "lengthSeconds": None if node.length is None else decimals(node.length),
            "watchedSeconds": decimals(watched[node]),
            "uniqueSeconds": decimals(unique[node]),
        }


def graph_edges(viewing: Viewing) -> Iterable[Answer]:
    for (start, end, option, cause), count in viewing.edges.items():
        yield {"from": start, "to": end, "option": option, "cause": cause, "count": count}


def chapter(each: Chapter) -> Answer:
    return {
        "node": each.node.id,
        "index": each.index,
        "title": each.title,
        "playedSeconds": decimals(each.played / 1e6),
        "completed": each.completed,
    }


def by_node(viewing: Viewing) -> dict[Node, list[Segment]]:
    segments: dict[Node, list[Segment]] = {node: [] for node in viewing.nodes.values()}
    for each in viewing.segments:
        segments[each.node].append(each)
    return segments


def union(segments: Sequence[Segment]) -> float:
    """Return how many seconds the segments cover together."""
    total = reached = 0.0
    for each in sorted(segments, key=lambda each: each.start):
        if each.end > reached:
            total += each.end - max(each.start, reached)
            reached = each.end
    return total


def covered(viewing: Viewing, unique: float) -> float | None:
    """Return the share of the visited nodes' total length that was watched; None if any length is unknown."""
    lengths = [node.length for node in viewing.nodes.values()]
    known = [length for length in lengths if length is not None]
    if not known or len(known) < len(lengths):
        return None
    return min(unique / sum(known), 1.0)
