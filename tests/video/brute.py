"""A second implementation of the view of a whole video: every bin looks at every segment, nothing is clever."""

from collections import Counter
from fractions import Fraction
from math import ceil, floor

COLUMNS = (
    "views", "sessions", "rewatchers", "watched", "unique", "exits", "finishes", "seekFrom", "seekTo", "skipped",
    "watchRatio", "retention", "retentionOfNode",
)  # fmt: skip


def key(node):
    return (node is not None, node or "")


def share(part, whole):
    return round(part / whole, 6) if whole else None


def on(result, node):
    return [(a, b) for place, a, b in result.segments if result.nodes[place] == node]


def covered(segments, low, high):
    """Count the milliseconds that a set of segments covers, by their ends."""
    cuts = sorted({low, high, *(x for pair in segments for x in pair if low < x < high)})
    return sum(b - a for a, b in zip(cuts, cuts[1:], strict=False) if any(s <= a and b <= e for s, e in segments))


def watched(segments, low, high):
    return sum(max(0, min(b, high) - max(a, low)) for a, b in segments)


def is_in(segment, place, width):
    a, b = segment
    first = floor(Fraction(a + 1, width))
    return first <= place < max(ceil(Fraction(b - 1, width)), first + 1)


def point_in(point, place, width, count):
    return point <= count * width and min(floor(Fraction(point + 1, width)), count - 1) == place


def own(result, node):
    return result.lengths[result.nodes.index(node)]


def length(results, node, plan):
    if plan.get(node) is not None:
        value, known = plan[node], True
    else:
        votes = Counter(ceil(Fraction(own(r, node), 1000)) for r in results if node in r.nodes and own(r, node))
        known = bool(votes)
        if known:
            most = max(votes.values())
            value = 1000 * max(second for second, count in votes.items() if count == most)
        else:
            ends = [b for r in results for _, b in on(r, node)]
            value = 1000 * ceil(Fraction(max(ends, default=0), 1000))
    value = min(value, 7_200_000_000)
    owns = [own(r, node) for r in results if node in r.nodes and own(r, node) is not None]
    others = sum(abs(each - value) > max(1000, floor(Fraction(value, 100))) for each in owns) if known else 0
    return value, known, others


def finish(result):
    place, _, b = result.segments[-1]
    mine = result.lengths[place]
    return mine is not None and b >= mine - 30_000 and 100 * b >= 95 * mine


def heat(views, opens, node, width, plan):
    """Return the columns of a node, times in milliseconds; `opens` says of each view whether it is open."""
    value, known, others = length(views, node, plan)
    count = max(1, ceil(Fraction(value, width)))
    told = {name: [] for name in COLUMNS}
    seen_by = sum(bool(on(view, node)) for view in views)
    for place in range(count):
        low, high = place * width, (place + 1) * width
        size = width if place < count - 1 or not value else value - low
        inside = [sum(is_in(segment, place, width) for segment in on(view, node)) for view in views]
        told["views"].append(sum(inside))
        told["sessions"].append(sum(each >= 1 for each in inside))
        told["rewatchers"].append(sum(each >= 2 for each in inside))
        told["watched"].append(sum(watched(on(view, node), low, high) for view in views))
        told["unique"].append(sum(covered(on(view, node), low, high) for view in views))
        told["watchRatio"].append(share(told["watched"][-1], size * len(views)))
        told["retention"].append(share(told["unique"][-1], size * len(views)))
        told["retentionOfNode"].append(share(told["unique"][-1], size * seen_by))
        left = [
            view
            for view, is_open in zip(views, opens, strict=True)
            if not is_open and ends_in(view, node, place, width)
        ]
        told["exits"].append(len(left))
        told["finishes"].append(sum(map(finish, left)))
        jumps = [[(a, b) for at, a, b in view.jumps if view.nodes[at] == node] for view in views]
        told["seekFrom"].append(sum(point_in(a, place, width, count) for each in jumps for a, _ in each))
        told["seekTo"].append(sum(point_in(b, place, width, count) for each in jumps for _, b in each))
        told["skipped"].append(
            sum(
                any(b > a and a <= low + 1 and high <= b + 1 for a, b in each) and not there
                for each, there in zip(jumps, inside, strict=True)
            )
        )
    beyond = sum(watched(on(view, node), count * width, 10**18) for view in views)
    return told, {"length": value, "known": known, "others": others, "seenBy": seen_by, "beyond": beyond}


def ends_in(view, node, place, width):
    at, a, b = view.segments[-1]
    last = max(floor(Fraction(a + 1, width)), ceil(Fraction(b - 1, width)) - 1)
    return view.nodes[at] == node and last == place


def coverage(view):
    if None in view.lengths or not sum(view.lengths):
        return None
    return min(Fraction(sum(covered(on(view, node), 0, 10**18) for node in view.nodes), sum(view.lengths)), 1)


def edges(views, node):
    """Return by edge how often it was taken, by how many views, and as whose first departure from the node."""
    taken, sessions, first = Counter(), Counter(), Counter()
    for view in views:
        names = [view.nodes[place] for place in view.path]
        mine = [(names[i + 1], option, cause) for i, (option, cause) in enumerate(view.departures) if names[i] == node]
        taken.update(mine)
        sessions.update(set(mine))
        first.update(mine[:1])
    return {edge: (taken[edge], sessions[edge], first[edge]) for edge in taken}
