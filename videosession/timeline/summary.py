"""What a viewing amounts to: the answer that clients get."""

from datetime import timedelta
from itertools import accumulate
from math import ceil, floor

from videosession.timeline.viewing import TOLERANCE
from videosession.timeline.vocabulary import EPOCH

NODE_BINS = 2_000
ALL_BINS = 20_000
RESIDUE = 1e-9  # what a sum of doubles may be off: 57 s of 60 are 0.95, in however many segments


class BinsTooNarrow(ValueError):  # noqa: N818  the name says what happened
    """The heatmap would have more than 2 000 bins on a node or 20 000 in all; `smallest` is a width that fits."""

    def __init__(self, smallest):
        super().__init__(f"The smallest binSeconds that fits this session is {smallest}.")
        self.smallest = smallest


def summarise(viewing, threshold=0.95, bin_seconds=None):
    """Return the answer for a `Viewing`.

    `threshold` is the coverage (0 to 1) from which on the video counts as completed, `bin_seconds` the width of the
    heatmap's bins, chosen to suit the video if it is not given. Raises `BinsTooNarrow`.
    """
    segments = by_node(viewing)
    watched = {node: sum(each.end - each.start for each in segments[node]) for node in segments}
    unique = {node: min(union(segments[node]), watched[node]) for node in segments}
    coverage = covered(viewing, sum(unique.values()))
    return {
        "segments": [segment(each) for each in viewing.segments],
        "jumps": [jump(each) for each in viewing.jumps],
        "path": [node.id for node in viewing.path],
        "graph": {
            "nodes": [
                {
                    "id": node.id,
                    "visits": node.visits,
                    "watchedSeconds": decimals(watched[node]),
                    "uniqueSeconds": decimals(unique[node]),
                }
                for node in segments
            ],
            "edges": [
                {"from": start, "to": end, "option": option, "cause": cause, "count": count}
                for (start, end, option, cause), count in viewing.edges.items()
            ],
        },
        "chapters": [chapter(each) for each in viewing.chapters.values()],
        "heatmap": heatmap(segments, bin_seconds),
        "watchedSeconds": decimals(sum(watched.values())),
        "uniqueSeconds": decimals(sum(unique.values())),
        "rewatchedSeconds": decimals(sum(watched.values()) - sum(unique.values())),
        "coverage": None if coverage is None else decimals(coverage),
        "completed": coverage is not None and coverage >= threshold - RESIDUE,
        "completeEvent": viewing.complete_event,
        "wall": {mode: decimals(time / 1e6) for mode, time in viewing.wall.items() if decimals(time / 1e6)},
        "anomalies": [
            {"code": code, "count": count, "eventId": first} for code, (count, first) in viewing.anomalies.items()
        ],
        "events": viewing.events,
    }


def decimals(value):
    return round(value, 3)


def instant(microseconds):
    """Write microseconds since the Unix epoch as an instant of the service: UTC, three digits."""
    moment = EPOCH + timedelta(microseconds=microseconds)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def segment(each):
    return {
        "node": each.node.id,
        "from": decimals(each.start),
        "to": decimals(each.end),
        "startedAt": instant(each.started_at),
        "endedAt": instant(each.ended_at),
    }


def jump(each):
    return {
        "node": each.node.id,
        "from": decimals(each.start),
        "to": decimals(each.end),
        "cause": each.cause,
        "steps": each.steps,
        "at": instant(each.at),
    }


def chapter(each):
    return {
        "node": each.node.id,
        "index": each.index,
        "title": each.title,
        "playedSeconds": decimals(each.played / 1e6),
        "completed": each.completed,
    }


def by_node(viewing):
    segments = {node: [] for node in viewing.nodes.values()}
    for each in viewing.segments:
        segments[each.node].append(each)
    return segments


def union(segments):
    """Return the length of what the segments cover together."""
    total = reached = 0.0
    for each in sorted(segments, key=lambda each: each.start):
        if each.end > reached:
            total += each.end - max(each.start, reached)
            reached = each.end
    return total


def covered(viewing, unique):
    lengths = [node.length for node in viewing.nodes.values()]
    if not lengths or None in lengths:
        return None
    return min(unique / sum(lengths), 1.0)


def heatmap(segments, bin_seconds=None):
    """Return for each node how many segments overlap each bin."""
    lengths = {node: axis(node, of_node) for node, of_node in segments.items()}
    if bin_seconds is not None and not fits(lengths.values(), bin_seconds):
        raise BinsTooNarrow(smallest(lengths.values()))
    together = sum(lengths.values())
    heat = []
    for node, length in lengths.items():
        width = bin_seconds or max(1.0, length / 100, together / ALL_BINS)
        heat.append(
            {"node": node.id, "binSeconds": decimals(width), "views": views(segments[node], width, bins(length, width))}
        )
    return heat


def axis(node, segments):
    return node.length if node.length is not None else max((each.end for each in segments), default=0.0)


def bins(length, width):
    return max(1, ceil((length - TOLERANCE) / width))


def fits(lengths, width):
    """Tell whether bins of that width are few enough; a bin a node always is."""
    counts = [bins(length, width) for length in lengths]
    return max(counts, default=1) <= NODE_BINS and sum(counts) <= max(ALL_BINS, len(counts))


def smallest(lengths):
    """Return the smallest width that fits, in whole milliseconds."""
    narrow, wide = 0, ceil(max(lengths) * 1000) + 1
    while wide - narrow > 1:
        middle = (narrow + wide) // 2
        if fits(lengths, middle / 1000):
            wide = middle
        else:
            narrow = middle
    return wide / 1000


def views(segments, width, count):
    """Return how many segments overlap each bin, by the differences between neighbours: a long one costs no more."""
    changes = [0] * (count + 1)
    for each in segments:
        first = min(floor((each.start + TOLERANCE) / width), count - 1)
        after = min(ceil((each.end - TOLERANCE) / width), count)
        changes[first] += 1
        changes[max(after, first + 1)] -= 1
    return list(accumulate(changes[:-1]))
